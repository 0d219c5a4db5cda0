"""A local server that takes Heap's place in trials, tests and demos."""
