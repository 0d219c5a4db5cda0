"""The only door to the user's warehouse, and the only import of dbt's adapters.

dbt opens it: the user's profile, target, adapter and macros serve as they are. Statements come from `macros/`.
"""

from dbt_heap.warehouse.connection import Warehouse
from dbt_heap.warehouse.opening import open_warehouse

__all__ = ["Warehouse", "open_warehouse"]
