"""Stops asking a Heap that does not answer, or that sends every request away."""

from __future__ import annotations

from dbt_heap.heap import Answer, Outcome

MAX_FAILURES = 3  # each of them after all its tries


class Breaker:
    """Opens at a fatal answer, or when so many requests in a row, each after all its tries, had none; stays open.

    One is shared by all syncs of a run that send to the same address, so that not each of them has to find out.
    """

    def __init__(self, max_failures: int = MAX_FAILURES) -> None:
        self._max_failures = max_failures
        self._failures = 0
        self.reason: str | None = None  # of the last failure, once open

    @property
    def open(self) -> bool:
        """Whether no more is to be sent."""
        return self.reason is not None

    def note(self, answer: Answer) -> None:
        """Counts an answer, or its absence."""
        self._failures = self._failures + 1 if answer.outcome is Outcome.UNAVAILABLE else 0
        spent = answer.outcome is Outcome.FATAL or self._failures >= self._max_failures
        if spent and not self.open:
            self.reason = answer.reason
