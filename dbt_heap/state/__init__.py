"""The diff, and what Heap acknowledged: STATE.md as code."""
