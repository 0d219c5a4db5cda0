"""STATE.md as code: what Heap acknowledged stands in the warehouse, and no crash makes it lie.

entries -> state -> locks -> turn: one row of the log, where all syncs stand, who may work on one, and its steps.
"""
