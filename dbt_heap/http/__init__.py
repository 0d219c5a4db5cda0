"""HTTP: sessions, deadlines, bounded reading and retries. `heap` and `cloud` share it."""
