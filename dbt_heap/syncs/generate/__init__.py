"""A block of `meta.heap` drafted from what dbt and the warehouse know of a model."""
