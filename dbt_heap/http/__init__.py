"""Sessions, deadlines, bounded reading and retries, shared by `heap` and `cloud`."""
