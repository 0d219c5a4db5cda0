"""What the project forbids to send, whatever a model declares: `vars.dbt_heap.never_send`."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from dbt_heap.errors import printable
from dbt_heap.manifest import Column, Model
from dbt_heap.project import NeverSend

Veto = Callable[[str], str | None]


def veto(never_send: NeverSend, model: Model) -> Veto:
    """A function that says by what a column of the model is forbidden; None where it may be sent.

    Names compare without case: a column must not slip through by its spelling.
    """
    listed: dict[str, list[Column]] = {}
    for column in model.columns:
        listed.setdefault(column.name.casefold(), []).append(column)

    def forbidden_by(name: str) -> str | None:
        plain = name.casefold()
        for glob in never_send.columns:
            if fnmatchcase(plain, glob.casefold()):
                return f"the pattern `{printable(glob)}`"
        for column in listed.get(plain, ()):
            for tag in never_send.tags:
                if tag in column.tags:
                    return f"the column's tag `{printable(tag)}`"
            for key in never_send.meta:
                if column.meta.get(key):
                    return f"the column's meta `{printable(key)}`"
        return None

    return forbidden_by
