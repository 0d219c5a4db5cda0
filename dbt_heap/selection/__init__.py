"""--select, --exclude and --selector with dbt's own syntax, resolved by dbt's own code over the manifest.

Imported only where something is chosen: it loads dbt, and the manifest into dbt's classes.
"""

from dbt_heap.selection.choosing import Selection, select

__all__ = ["Selection", "select"]
