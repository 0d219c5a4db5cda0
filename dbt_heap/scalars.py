"""Single texts as YAML writes them, so that every reader of YAML, old or new, reads a text."""

from __future__ import annotations

import re
import sys

import yaml

# Words with at most a blank or a hyphen between them: they hold nothing that YAML takes for a sign of its own.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*([ -][A-Za-z0-9_]+)*")
# https://yaml.org/type/bool.html and https://yaml.org/type/null.html, and what YAML 1.2 reads as numbers.
_READ_AS_OTHERS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})


def scalar(text: str) -> str:
    """A text as a plain word where every YAML reads it as that text, else in double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _READ_AS_OTHERS:
        return text
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=sys.maxsize).removesuffix("\n")
