"""dbt's manifest.json, read leniently: what a project has built, and what it says of it."""

from dbt_heap.manifest.lineage import Lineage, lineage
from dbt_heap.manifest.loading import is_of_dbt_2, load_manifest
from dbt_heap.manifest.nodes import Column, DbtTest, Group, Manifest, Model, Relation
from dbt_heap.manifest.reading import RESOURCES, models_of, read_manifest

__all__ = [
    "RESOURCES",
    "Column",
    "DbtTest",
    "Group",
    "Lineage",
    "Manifest",
    "Model",
    "Relation",
    "is_of_dbt_2",
    "lineage",
    "load_manifest",
    "models_of",
    "read_manifest",
]
