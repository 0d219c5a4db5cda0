"""How far a sync has come, and how long it will take."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dbt_heap.ledger.plans import Plan


@dataclass(frozen=True)
class Course:
    """A sync on its way. Rows, unless said otherwise; times are seconds of one clock."""

    sync: str
    total: int
    at_once: int  # rejected by the plan, before anything was sent
    per_minute: int | None  # what Heap takes, where that rules the time
    begun: float
    at: float  # when rows had their fate last: they come in groups, seconds apart
    accepted: int = 0
    rejected: int = 0

    @classmethod
    def of(cls, plan: Plan, per_minute: int | None, now: float) -> Course:
        """The course that a plan begins."""
        return cls(plan.sync.name, plan.planned, plan.rejected, per_minute, now, now, rejected=plan.rejected)

    def advanced(self, accepted: int, rejected: int, now: float) -> Course:
        """The same, so many rows further."""
        return replace(self, accepted=self.accepted + accepted, rejected=self.rejected + rejected, at=now)

    @property
    def done(self) -> int:
        """Rows that have their fate."""
        return self.accepted + self.rejected

    @property
    def rate(self) -> float | None:
        """Rows a second since the first was sent; None while nothing is known."""
        sent, seconds = self.done - self.at_once, self.at - self.begun
        return sent / seconds if sent and seconds > 0 else None

    def seconds_left(self, now: float) -> float | None:
        """By Heap's rate limit where it rules, else by the rate so far; None while nothing is known."""
        left, rate = self.total - self.done, self.rate
        by_rate = left / rate if rate else None
        if self.per_minute is None and by_rate is None:
            return None
        by_limit = left * 60 / self.per_minute if self.per_minute else 0.0
        return max(by_limit, by_rate or 0.0, now - self.at) - (now - self.at)
