"""dbt-heap: send what you compute in dbt to Heap.

Nothing is imported here: dbt 1 imports every top-level module named `dbt_*` when it starts.
"""

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Return the plugins that dbt 1 asks such a module for. If that fails, dbt continues without them."""
    if name == "plugins":
        try:
            return __import__("dbt_heap.syncs.dbt_plugin", fromlist=[name]).plugins
        except Exception as failure:  # noqa: BLE001
            raise AttributeError(f"{name}: {type(failure).__name__}") from None
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
