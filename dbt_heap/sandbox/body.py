"""The noun the sandbox judges: one body, read with every number's digits as they were sent."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from dbt_heap.sandbox.rules import Endpoint, Record, first_fault, records_of


class MalformedError(ValueError):
    """The body is not JSON."""


@dataclass(frozen=True)
class Submission:
    """What one request brought. `records` may only be trusted where there is no fault."""

    endpoint: Endpoint
    app_id: str  # empty where the body names none
    records: Sequence[Record]
    bulk: bool
    fault: str | None


def read(endpoint: Endpoint, body: bytes, content_type: str, *, strict: bool, refused: Collection[str]) -> Submission:
    """The submission in `body`, judged."""
    try:
        parsed = parse(body)
    except MalformedError as error:
        return Submission(endpoint, "", (), False, str(error))
    return Submission(
        endpoint,
        app_id=_app_id(parsed),
        records=_records(endpoint, parsed),
        bulk=isinstance(parsed, dict) and endpoint.plural in parsed,
        fault=_media_fault(content_type) or first_fault(endpoint, parsed, strict=strict, refused=refused),
    )


def parse(body: bytes | str) -> Any:
    """The JSON value in `body`, its numbers as `orjson.Fragment` that write back the same digits.

    Raises:
        MalformedError: it is not JSON, holds NaN or half a surrogate pair, or nests beyond reason.
    """
    try:
        orjson.loads(body)  # refuses what the standard library lets pass
        return json.loads(body, parse_int=orjson.Fragment, parse_float=orjson.Fragment)
    except (ValueError, RecursionError) as error:
        raise MalformedError("postBody should be JSON") from error


def _app_id(parsed: object) -> str:
    app_id = parsed.get("app_id") if isinstance(parsed, dict) else None
    return app_id if isinstance(app_id, str) else ""


def _records(endpoint: Endpoint, parsed: object) -> Sequence[Record]:
    records = records_of(endpoint, parsed) if isinstance(parsed, dict) else ()
    return records if isinstance(records, list) else ()


def _media_fault(content_type: str) -> str | None:
    media_type = content_type.partition(";")[0].strip().lower()
    return None if media_type == "application/json" else "Content-Type should be application/json"
