"""`meta.heap` -> Sync, strictly: every mistake of the project at once."""
