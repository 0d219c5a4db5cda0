"""Batches go to Heap and come back as verdicts."""
