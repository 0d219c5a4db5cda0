"""A local stand-in for Heap's API."""
