"""Draft a `meta.heap` block from what dbt and the warehouse know of a model."""
