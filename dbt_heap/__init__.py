"""dbt-heap: tag a dbt model, run dbt, and its rows are in Heap.

Nothing is imported here: dbt 1 imports every top-level module named `dbt_*` when it starts.
"""

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """What dbt 1 asks such a module for: its plugins. Whatever goes wrong there, dbt goes on without them."""
    if name == "plugins":
        try:
            return __import__("dbt_heap.syncs.dbt_plugin", fromlist=[name]).plugins
        except Exception as failure:  # noqa: BLE001
            raise AttributeError(f"{name}: {type(failure).__name__}") from None
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
