"""What is told of a sync, each in a line."""

from __future__ import annotations

from dbt_heap.console.course import Course
from dbt_heap.declarations.sync import SyncType
from dbt_heap.ledger.plans import Plan
from dbt_heap.results import SyncResult


def plan_line(plan: Plan) -> str:
    """A plan in a line."""
    deleting, events = plan.sync.type is SyncType.USER_DELETIONS, plan.sync.type is SyncType.EVENTS
    parts = [f"{plan.new:,} {'to delete' if deleting else 'new'}"]
    parts += [f"{plan.changed:,} changed"] if not events and not deleting else []
    parts += [f"{plan.rejected:,} rejected"] if plan.rejected else []
    parts += [_so_many(plan.standing, "standing reject")] if plan.standing else []
    parts += [f"{plan.deleted:,} left out as deleted"] if plan.deleted else []
    return f"{plan.sync.name}: {', '.join(parts)}"


def course_line(course: Course, now: float) -> str:
    """How far a sync has come, in a line."""
    parts = [f"{course.done:,} of {_so_many(course.total, 'row')}", rejected(course), speed(course)]
    parts += [time_left(course, now)]
    return f"{course.sync}: {', '.join(part for part in parts if part)}"


def result_line(result: SyncResult) -> str:
    """What became of a sync's rows, in a line."""
    parts = [f"{result.accepted:,} {'deleted' if result.type == str(SyncType.USER_DELETIONS) else 'sent'}"]
    parts += [f"{result.rejected:,} rejected"] if result.rejected else []
    parts += [_so_many(result.standing, "standing reject")] if result.standing else []
    parts += [f"{result.undelivered:,} undelivered"] if result.undelivered else []
    parts += [f"{result.deleted:,} left out as deleted"] if result.deleted else []
    parts += [f"{_so_many(result.truncated, 'value')} truncated"] if result.truncated else []
    took = f"{_so_many(result.requests, 'request')} in {result.seconds:.1f} s"
    return f"{result.name}: {result.status} · {', '.join(parts)} · {took}"


def rejected(course: Course) -> str:
    """How many rows are rejected so far; nothing where none is."""
    return f"{course.rejected:,} rejected" if course.rejected else ""


def speed(course: Course) -> str:
    """How fast rows arrive at Heap; nothing while that is not known."""
    return f"{course.rate:,.0f} rows/s" if course.rate else ""


def time_left(course: Course, now: float, *, why: bool = True) -> str:
    """Hours, minutes and seconds, and whether Heap's limit rules them; nothing while they are not known."""
    seconds = course.seconds_left(now)
    if seconds is None or course.done == course.total:
        return ""
    minutes, seconds = divmod(int(seconds), 60)
    clock = f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if minutes >= 60 else f"{minutes}:{seconds:02d}"
    return f"{clock} left{' at the limit of Heap' if why and course.per_minute else ''}"


def _so_many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
