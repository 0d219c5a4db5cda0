"""dbt-heap: tag a dbt model, run dbt, and its rows are in Heap.

Nothing is imported here: dbt v1 imports every top-level module named `dbt_*` when it starts.
"""

__version__ = "0.1.0"
