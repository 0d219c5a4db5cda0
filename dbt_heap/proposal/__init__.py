"""A block of `meta.heap` guessed from what dbt and the warehouse know of a model."""

from dbt_heap.proposal.evidence import Found, find
from dbt_heap.proposal.nouns import Column, Proposal, Subject
from dbt_heap.proposal.propose import propose
from dbt_heap.proposal.writing import as_yaml

__all__ = ["Column", "Found", "Proposal", "Subject", "as_yaml", "find", "propose"]
