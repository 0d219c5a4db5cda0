"""Rows become records, records become requests to Heap, and answers become outcomes."""
