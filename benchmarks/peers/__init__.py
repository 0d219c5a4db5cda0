"""The same work done by others, each as a program that an environment of its own runs."""
