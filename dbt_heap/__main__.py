"""`dbt-heap` and `python -m dbt_heap`."""

from __future__ import annotations

from dbt_heap.cli.group import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
