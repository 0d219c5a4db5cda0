"""Turn `meta.heap` into syncs, and report all mistakes of the project at once."""
