"""Rows of the outbox become the JSON objects Heap takes, or rejects that say why not; see docs/reference/values.md."""

from dbt_heap.payloads.builder import Build, idempotency_key, payload_builder
from dbt_heap.payloads.records import SEPARATOR, Payload, Records
from dbt_heap.payloads.rejects import Reason, Reject
from dbt_heap.payloads.rows import Row

__all__ = ["SEPARATOR", "Build", "Payload", "Reason", "Records", "Reject", "Row", "idempotency_key", "payload_builder"]
