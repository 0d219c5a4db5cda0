"""A local stand-in for Heap's API: strict, inspectable, and unkind on request. See docs/reference/sandbox.md."""
