"""What to say of a command, an option or an argument that does not exist, in a sentence that names the counterpart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import click

from dbt_heap.cli.counterparts import COMMANDS, OPTIONS, OPTIONS_OF, STATE_COMMANDS
from dbt_heap.errors import printable
from dbt_heap.spelling import nearest

_NAME = re.compile(r"[A-Za-z_][\w.*:+/-]*")  # what may be repeated: a key of a row must not be
_EXTRA = re.compile(r"unexpected extra arguments? \((.*)\)")
_NO_COMMAND = re.compile(r"No such command '([A-Za-z-]+)'")
_KEYS = "keys are read from a file, never from the command line: {} --key-file FILE (- reads them from stdin)"
_DEFAULT = "leave it out: it is the default"
_AFTER = "options are written after the command: dbt-heap sync {}"


def unknown_command(typed: str, known: Iterable[str]) -> str:
    """Return what to type instead of a command that does not exist."""
    known = list(known)
    name = typed.lower().replace("_", "-")
    if instead := COMMANDS.get(name):
        return f"dbt-heap has no command {_repeated(typed)}: {instead.format(name)}"
    near = nearest(typed, known)
    hint = f"did you mean `{near}`?" if near else f"the commands are {', '.join(known)}"
    return f"dbt-heap has no command {_repeated(typed)}; {hint}"


def unknown_option(error: click.NoSuchOption, owners: Mapping[str, Iterable[str]]) -> str | None:
    """Return what to use instead of an option; None if only click's own message remains.

    `owners` are the commands with their options.
    """
    command = error.ctx.info_name if error.ctx else ""
    typed = error.option_name
    missing = f"dbt-heap {command} has no option {typed}"
    if instead := OPTIONS_OF.get((command or "", typed)):
        return f"{missing}: {instead}"
    if having := [name for name, options in owners.items() if typed in options]:
        return f"{missing}: it is an option of {' and '.join(having)}"
    if typed.startswith("--no-") and _positive(typed) in owners.get(command or "", ()):
        return f"{missing}: {_DEFAULT}"
    instead = _option(typed)
    return f"{missing}: {instead}" if instead else None


def _option(typed: str) -> str | None:
    """Return the counterpart of an option, of its negation, or of its spelling with underscores."""
    plain = typed.lower().replace("_", "-")
    return OPTIONS.get(typed) or OPTIONS.get(plain) or OPTIONS.get(_positive(plain))


def _positive(typed: str) -> str:
    return "--" + typed.removeprefix("--no-")


def unknown_state_command(error: click.UsageError) -> str | None:
    """Return what to type instead of a command below `state` that does not exist; None if that is another error."""
    found = _NO_COMMAND.search(error.message)
    instead = STATE_COMMANDS.get(found[1].lower()) if found and error.ctx and error.ctx.info_name == "state" else None
    return f"dbt-heap state has no command `{found[1]}`: {instead}" if found and instead else None


def early_option(typed: str, options: Iterable[str]) -> str | None:
    """Return what to do with an option that was written before the command; None if no command knows it."""
    if typed in options:
        return _AFTER.format(typed)
    instead = _option(typed)
    return f"dbt-heap has no option {typed}: {instead}" if instead else None


def extra_argument(error: click.UsageError) -> str | None:
    """Return what to do with a name or a key that was written without its option; None if the error is another one."""
    if error.ctx is None:
        return None
    parameters = {parameter.name for parameter in error.ctx.command.params}
    found = _EXTRA.search(error.message)
    missing = isinstance(error, click.MissingParameter) and error.param is not None and error.param.name == "key_file"
    if missing or (found and "key_file" in parameters):
        return _KEYS.format(_path(error.ctx))
    if not found or "select" not in parameters:
        return None
    words = found[1].split()
    names = " ".join(words) if all(map(_NAME.fullmatch, words)) else "NAME"
    return f"use --select for models, --sync for syncs: {_path(error.ctx)} --select {names}"


def _path(ctx: click.Context) -> str:
    return f"dbt-heap {ctx.command_path.partition(' ')[2]}"


def _repeated(typed: str) -> str:
    return f"`{printable(typed)}`" if _NAME.fullmatch(typed) else "of this name"
