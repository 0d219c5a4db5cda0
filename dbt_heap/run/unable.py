"""Syncs that cannot run, known before anything is planned: mistaken declarations, missing Environment IDs."""

from __future__ import annotations

from dbt_heap.declarations.sync import SyncType
from dbt_heap.errors import SettingsError
from dbt_heap.invocation import Invocation
from dbt_heap.results import Status, SyncResult

WAITS = (
    "not run: the declarations of {} have mistakes, so no one can be purged from their state. "
    "Correct these first: `dbt-heap check` lists the mistakes"
)


def mistaken_results(invocation: Invocation) -> list[SyncResult]:
    """Return an error for each selected sync whose declaration has mistakes.

    Raises DeclarationError if no other sync is selected.
    """
    mistaken = [each for each in invocation.mistaken if each.enabled]
    if mistaken and not invocation.selected:
        invocation.must_be_correct()
    return [
        SyncResult(each.name, each.type, each.model.unique_id, Status.ERROR, message=each.message) for each in mistaken
    ]


def must_know_where(invocation: Invocation, target: str, *, deleting: bool) -> None:
    """Raise SettingsError if it is not known of any selected sync where its rows go, with each cause once.

    Deletions count only if the run may delete: otherwise they are skipped.
    """
    causes: list[str] = []
    for sync in invocation.selected:
        if sync.type is SyncType.USER_DELETIONS and not deleting:
            continue
        try:
            invocation.destination(sync, target)
        except SettingsError as cause:
            causes.append(str(cause))
        else:
            return
    if causes:
        raise SettingsError("\n".join(dict.fromkeys(causes)))


def waits(invocation: Invocation) -> str | None:
    """Return why no one can be deleted now; None if the state of every sync can be searched for them."""
    return WAITS.format(", ".join(sorted(invocation.broken))) if invocation.broken else None
