"""Read YAML files and the keys that they repeat, and write files in one step."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from dbt_heap.errors import SettingsError
from dbt_heap.project.validation import describe


def write_whole(path: Path, content: bytes) -> Path:
    """Replace a file in one step, and return its path. Raises OSError."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


# Words separated by a blank or a hyphen, without characters that mean something in YAML.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*([ -][A-Za-z0-9_]+)*")
# https://yaml.org/type/bool.html and https://yaml.org/type/null.html, and what YAML 1.2 reads as numbers.
_READ_AS_OTHERS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})


def scalar(text: str) -> str:
    """Return a text as a YAML scalar: plain if every YAML version reads it as text, else in double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _READ_AS_OTHERS:
        return text
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=sys.maxsize).removesuffix("\n")


Keys = tuple[str, ...]


@dataclass(frozen=True)
class YamlFile:
    """The content of a YAML file; empty if there is no such file."""

    content: Mapping[str, Any] = field(default_factory=dict, repr=False)
    repeated: tuple[Keys, ...] = ()  # paths of keys that are defined more than once; YAML keeps the last
    exists: bool = False


def read_yaml(path: Path, what: str, *, empty_is_missing: bool = False) -> YamlFile:
    """Read a file that should contain `what`. Raises SettingsError if it is not YAML, or not a mapping."""
    try:
        loader = yaml.SafeLoader(path.read_bytes())
        node = loader.get_single_node()
        repeated = tuple(_repeated(node))  # before merge keys (<<) are replaced by their content
        content = loader.construct_document(node) if node else None
    except FileNotFoundError:
        return YamlFile()
    except OSError as refusal:
        raise SettingsError(f"{path} cannot be read: {refusal.strerror}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as refusal:  # ValueError: such as a date 2026-13-01
        mark = getattr(refusal, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SettingsError(f"{path} is not valid YAML{where}; `dbt parse` says more") from None
    if content is None and empty_is_missing:
        return YamlFile()
    if not isinstance(content, dict):
        raise SettingsError(f"{path} contains {'nothing' if content is None else describe(content)} instead of {what}")
    return YamlFile(content, repeated, exists=True)


def _repeated(root: yaml.Node | None) -> Iterator[Keys]:
    """Yield the paths of repeated keys. An alias may lead back up, so each node is visited once."""
    waiting: list[tuple[yaml.Node | None, Keys]] = [(root, ())]
    visited: set[int] = set()
    for node, path in waiting:  # grows while it is walked
        if not isinstance(node, yaml.MappingNode) or id(node) in visited:
            continue
        visited.add(id(node))
        names: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in names and name != "<<":
                yield (*path, name)
            names.add(name)
            waiting.append((value, (*path, name)))
