"""Compare models with what Heap acknowledged, and record what each run sends: see docs/explanation/state.md."""
