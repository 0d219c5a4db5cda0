"""What would be sent, and what a pull request changes of it: nothing sent, nothing written."""

from dbt_heap.preview.explanations import Explained, Key, explanations
from dbt_heap.preview.outlooks import Explanation, Told
from dbt_heap.preview.plans import Preview, previews, samples
from dbt_heap.preview.readiness import Readiness, readiness
from dbt_heap.preview.reviews import ADDED, CHANGED, REMOVED, SAME, Review, Reviewed, review

__all__ = [
    "ADDED",
    "CHANGED",
    "REMOVED",
    "SAME",
    "Explained",
    "Explanation",
    "Key",
    "Preview",
    "Readiness",
    "Review",
    "Reviewed",
    "Told",
    "explanations",
    "previews",
    "readiness",
    "review",
    "samples",
]  # fmt: skip
