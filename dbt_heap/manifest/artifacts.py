"""dbt's JSON files as plain JSON, read leniently: what is not of the kind that is asked for counts as missing."""

from __future__ import annotations

import json
from typing import Any

import orjson


def parse(content: bytes) -> Any:
    """What a file holds. Raises ValueError where it is cut short or no JSON, RecursionError where it nests too deep."""
    try:
        return orjson.loads(content)
    except ValueError:
        # dbt 1 writes a `.nan` of any model's meta as NaN, and half a surrogate pair as it is: neither is JSON.
        return json.loads(json.dumps(json.loads(content), ensure_ascii=False).encode(errors="replace"))


def mapping(node: Any, key: str) -> dict[str, Any]:
    """What stands there, if it is a mapping."""
    value = node.get(key) if isinstance(node, dict) else None
    return value if isinstance(value, dict) else {}


def text(node: Any, key: str) -> str:
    """What stands there, if it is a text."""
    value = node.get(key) if isinstance(node, dict) else None
    return value if isinstance(value, str) else ""


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a list, or a text alone."""
    listed = value if isinstance(value, list) else [value]
    return tuple(each for each in listed if isinstance(each, str))


def posix_path(written: str) -> str:
    """Return a path, or a `package://path`, of a manifest that was written on Windows with plain slashes."""
    head, mark, path = written.rpartition("://")
    return written if "/" in path else head + mark + path.replace("\\", "/")
