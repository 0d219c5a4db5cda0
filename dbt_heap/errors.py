"""Errors, grouped by what the user must change, and the messages of an invocation.

HeapError
├── SettingsError      a flag, an environment variable or `vars: dbt_heap:` must change
├── ManifestError      dbt must be run, or run again
├── TargetError        the manifest was built for another target than the active one
├── DeclarationError   `meta.heap` must change: contains all mistakes in the project
├── WarehouseError     the warehouse refused, or could not be reached
├── CloudError         the dbt platform refused a request, could not be reached, or has no artifacts of the run
├── StateError         the state and the project disagree: a `dbt-heap state` command resolves it
└── RunningError       another run holds the lock of the sync: wait for it

Their texts contain no row values, identities or keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


def printable(text: str) -> str:
    """Return a text on one line, with control characters escaped."""
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode()


class HeapError(Exception):
    """The base of all errors that are reported to the user as a sentence, with exit code 2."""

    def __init__(self, text: str) -> None:
        super().__init__("\n".join(map(printable, text.split("\n"))))


class SettingsError(HeapError):
    """A flag, an environment variable or the project's `vars: dbt_heap:` must change."""


class ManifestError(HeapError):
    """`manifest.json` is missing or cannot be used: run dbt again."""


class TargetError(HeapError):
    """`manifest.json` was built for another target than the active one: rows would go to the wrong Heap environment."""


class WarehouseError(HeapError):
    """The warehouse refused a statement, or could not be reached."""

    denied = False  # the role lacks a permission
    absent = False  # an object that the statement names does not exist; with `denied`: the warehouse does not say which


class CloudError(HeapError):
    """The dbt platform refused a request, could not be reached, or has no artifacts of the run."""


class StateError(HeapError):
    """The state in the warehouse and the project disagree."""


class RunningError(HeapError):
    """Another run of the same sync is running."""


class Messages:
    """The warnings and notes of one invocation. Each is reported once; with --warn-error, a warning is an error."""

    def __init__(self, *, warn_error: bool = False) -> None:
        self._warn_error = warn_error
        self._known: dict[str, None] = {}
        self._pending: list[tuple[bool, str]] = []  # whether it is a warning, and its text
        self._report: Callable[[bool, str], None] | None = None

    def add(self, warnings: Iterable[str], notes: Iterable[str] = ()) -> None:
        """Report what is new, now or when `report_to` is called.

        Args:
            warnings: Sentences about what to fix.
            notes: Sentences that are good to know.

        Raises:
            SettingsError: There are warnings, and --warn-error is on. Its text lists them.
        """
        warnings = list(warnings)
        if self._warn_error and warnings:
            listed = "\n".join(f"  {each}" for each in warnings)
            raise SettingsError(f"with --warn-error a warning is an error:\n{listed}")
        found = [(True, each) for each in warnings] + [(False, each) for each in notes]
        self._pending += [(is_warning, each) for is_warning, each in found if each not in self._known]
        self._known |= dict.fromkeys(each for _, each in found)
        self._report_pending()

    def report_to(self, warn: Callable[[str], None], note: Callable[[str], None]) -> None:
        """Report what is waiting, and from now on each message when it is added."""
        self._report = lambda is_warning, text: warn(text) if is_warning else note(text)
        self._report_pending()

    def _report_pending(self) -> None:
        while self._report and self._pending:
            self._report(*self._pending.pop(0))


@dataclass(frozen=True, order=True)
class Mistake:
    """One thing to fix in the project, with the place where its author looks for it."""

    model: str
    file: str
    key: str  # empty if the warehouse must change, not the YAML
    text: str

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        return printable(f"{self.model} ({self.file}): {key}{self.text}")


class DeclarationError(HeapError):
    """`meta.heap` or `vars: dbt_heap:` must change; contains all mistakes in the project."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        written = sum(bool(each.key) for each in self.mistakes)
        counts = {"mistake": ("declarations", written), "problem": ("warehouse", len(self.mistakes) - written)}
        titles = [f"{counted(count, noun)} in the {where}" for noun, (where, count) in counts.items() if count]
        super().__init__(f"{', '.join(titles)}:\n" + "\n".join(f"  {each}" for each in self.mistakes))


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: `1 row`, `72,268 rows`. Give `plural` if it is not the noun and an s."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return the end of a sentence that suggests the nearest known name; empty if none is near."""
    near = nearest(name, known, cutoff)
    return f"; did you mean `{printable(near)}`?" if near else ""


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that was most likely meant, ignoring case, spaces, hyphens and underscores."""
    plain = {_plain(each): each for each in known}
    close = get_close_matches(_plain(name), plain, n=1, cutoff=cutoff)
    return plain[close[0]] if close else None


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name.casefold())
