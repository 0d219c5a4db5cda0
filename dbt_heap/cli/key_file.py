"""Keys from a file or stdin: on a command line others on the machine could see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TextIO, TypeVar

import click

from dbt_heap.errors import SettingsError

F = TypeVar("F", bound=Callable[..., Any])


def key_file_option(what: str) -> Callable[[F], F]:
    """`--key-file`; `what` says what stands on a line of it. A byte order mark is no part of the first."""
    return click.option(
        "--key-file",
        type=click.File(encoding="utf-8-sig"),
        required=True,
        metavar="FILE",
        help=f"{what} - reads them from stdin.",
    )


def key_lines(file: TextIO) -> list[str]:
    """The lines that are not blank, exactly as they are, each once. Raises SettingsError, which repeats none."""
    try:
        lines = dict.fromkeys(line.rstrip("\r\n") for line in file)
    except UnicodeDecodeError:
        raise SettingsError("--key-file: it is not in UTF-8") from None
    if not (keys := [line for line in lines if line.strip()]):
        raise SettingsError("--key-file: it holds no key; one a line is needed")
    return keys
