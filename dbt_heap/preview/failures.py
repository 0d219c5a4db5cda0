"""What is done for several syncs, one of which may fail: the others are done all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from dbt_heap.declarations.sync import Sync
from dbt_heap.errors import DeclarationError, HeapError

T = TypeVar("T")
Failure = tuple[Sync, HeapError]


def for_each(syncs: Iterable[Sync], action: Callable[[Sync], T]) -> tuple[list[T], HeapError | None]:
    """Return what `action` returns for each sync, and one error for all that fail.

    Raises that error if all of them fail.
    """
    done: list[T] = []
    failures: list[Failure] = []
    for sync in syncs:
        try:
            done.append(action(sync))
        except HeapError as error:
            failures.append((sync, error))
    if failures and not done:
        raise _combined(failures, named=len({str(error) for _, error in failures}) > 1)
    return done, _combined(failures, named=True) if failures else None


def _combined(failures: Sequence[Failure], *, named: bool) -> HeapError:
    """Return one error: the mistakes in declarations as one list, and each other cause once."""
    mistakes = [mistake for _, error in failures if isinstance(error, DeclarationError) for mistake in error.mistakes]
    others = [(sync, error) for sync, error in failures if not isinstance(error, DeclarationError)]
    if not others:
        return DeclarationError(mistakes)
    names: dict[str, list[str]] = {}
    for sync, error in others:
        names.setdefault(str(error).removeprefix(f"{sync.name}: "), []).append(sync.name)
    lines = [f"{', '.join(about)}: {cause}" if named else cause for cause, about in names.items()]
    return HeapError("\n".join([*([str(DeclarationError(mistakes))] if mistakes else []), *lines]))
