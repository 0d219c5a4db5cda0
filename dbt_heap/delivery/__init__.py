"""Batches are sent to Heap, and verdicts come back."""
