"""Keys that were recomputed: the rows that Heap acknowledged are gone from the model, and the same ones came anew.

Heap would record such events a second time, and create such users and accounts beside the old ones. A model that drops
old rows, or that holds new rows only, does not look like it. docs/decisions/0018-recomputed-keys.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbt_heap.state.contract import PlanArguments

if TYPE_CHECKING:
    from dbt_heap.warehouse.connection import Warehouse


def reject_reasons(warehouse: Warehouse, outbox: str, rejected: int) -> dict[str, int]:
    """Rows by reason; asked only where there are any. `outbox` is a table or a select. Raises WarehouseError."""
    if not rejected:
        return {}
    reasons: dict[str, int] = {}
    for reason, _, rows in warehouse.query("reject_counts", outbox=outbox).rows:
        reasons[reason] = reasons.get(reason, 0) + int(rows)
    return reasons


LEAST_TIMED, LEAST = 3, 10  # new rows below which nothing is looked for; without times, chance is more likely
_MANY = 100  # keys that count, however large the state is


@dataclass(frozen=True)
class Replaced:
    """Acknowledged keys that are gone from the model, and new rows that are likely the same ones; zero if none are."""

    gone: int = 0
    came: int = 0


def replaced_keys(warehouse: Warehouse, plan: PlanArguments, outbox: str, counts: Mapping[str, Any]) -> Replaced:
    """Return how many keys were recomputed. Asks the warehouse only if the plan's figures leave it possible.

    Args:
        plan: what the macros take as `plan`.
        outbox: a table or a select.
        counts: the row of `outbox_counts`.

    Raises WarehouseError.
    """
    known, new = int(counts.get("known_rows") or 0), int(counts["new_rows"])
    timed = plan["timestamp"] and plan["type"] == "events"
    late = int(counts["late_rows"]) if known and timed else 0
    if not (_may_be_timed(known, new, late) if timed else known and new >= max(LEAST, 0.2 * known)):
        return Replaced()
    row = warehouse.query("recomputed_keys", plan=plan, outbox=outbox).rows[0]
    gone, asked = int(row["missing_rows"] or 0), int(row["known_rows"] or 0)
    if not timed:
        return Replaced(gone, new) if gone >= max(LEAST, 0.3 * asked) and new >= 0.8 * gone else Replaced()
    came = int(row["rekeyed_rows"] or 0)
    counts_for = gone >= LEAST_TIMED and gone >= 0.1 * asked and gone >= min(0.1 * known, _MANY)
    same_times = came >= 0.3 * gone and came >= 0.5 * late
    # Of a day's or an hour's events that share one time, nothing can be told: they may be that day's later ones.
    many_times = int(row["instants"]) >= LEAST_TIMED or gone >= 0.9 * known
    return Replaced(gone, came) if counts_for and same_times and many_times else Replaced()


def _may_be_timed(known: int, new: int, late: int) -> bool:
    """Whether enough new events are no later than the newest acknowledged one; those that arrive late are few."""
    return known > 0 and late >= LEAST_TIMED and late >= 0.3 * new and late >= min(0.03 * known, 0.3 * _MANY)
