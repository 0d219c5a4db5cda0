"""Rows as Heap's records, and the only HTTP to Heap."""
