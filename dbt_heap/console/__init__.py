"""Progress and tables for people: results to stdout, everything else to stderr. Never a row's value."""

from dbt_heap.console.console import Console
from dbt_heap.console.tables import print_table

__all__ = ["Console", "print_table"]
