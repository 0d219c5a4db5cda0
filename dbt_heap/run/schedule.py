"""Which syncs have their turn in a run, and which of them are held back by how dbt built their models."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dbt_heap.delivery.results import Status, SyncResult
from dbt_heap.errors import SettingsError, counted
from dbt_heap.http.sessions import check_environment_for
from dbt_heap.project.statuses import listed, unknown_statuses
from dbt_heap.run.outcome import gated
from dbt_heap.state.builds import History, read_builds
from dbt_heap.state.names import BUILDS
from dbt_heap.state.open import dropped_by_dbt2
from dbt_heap.state.store import StateStore
from dbt_heap.syncs.invocation import Invocation, raise_if_warn_error
from dbt_heap.syncs.sync import Sync, SyncType

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


@dataclass(frozen=True)
class Agenda:
    """The syncs of one run, in their order."""

    syncs: tuple[Sync, ...]
    up_to_date: tuple[str, ...] = ()  # names of those whose models dbt has not built since
    held_back: Mapping[str, str] = field(default_factory=dict)  # name -> why its rows may not go, and what to do
    builds: Mapping[str, str] = field(default_factory=dict)  # name -> dbt's invocation that built the model
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def agenda(invocation: Invocation, store: StateStore, *, built: bool, gate: bool) -> Agenda:
    """All selected syncs, or with `built` those that dbt has built since, as the warehouse's `builds` tell.

    Without `gate` none is held back. Raises StateError where `builds` tells nothing, WarehouseError; with --warn-error
    SettingsError where there is something to warn of. Raises SettingsError, too, for a proxy or CA certificates that
    cannot be used.
    """
    missing = dropped_by_dbt2(invocation, store)
    today = _of_builds(invocation, store, gate=gate) if built else _of_files(invocation, gate=gate)
    warnings = (*today.warnings, *missing)
    raise_if_warn_error(warnings, invocation.settings)
    _must_be_reachable(invocation, today.syncs, store.target)
    return replace(today, warnings=warnings)


def _must_be_reachable(invocation: Invocation, syncs: Iterable[Sync], target: str) -> None:
    """Check the variables by which Heap is reached, before anything is planned. Raises SettingsError."""
    for base_url in sorted({url for sync in syncs if (url := invocation.known_base_url(sync, target))}):
        check_environment_for(base_url)


def _of_files(invocation: Invocation, *, gate: bool) -> Agenda:
    why = {each.name: invocation.gates.why(each.model.unique_id) if gate else "" for each in invocation.selected}
    found = invocation.gates
    warnings, notes = (found.warnings, found.notes) if gate else (found.stale, ())
    return Agenda(invocation.selected, held_back=_told(invocation, why), warnings=warnings, notes=notes)


def _of_builds(invocation: Invocation, store: StateStore, *, gate: bool) -> Agenda:
    # Read before any model is: a build that comes between is synced once more, and never overlooked.
    builds = read_builds(store)
    of = {each.name: builds.of(each.model) for each in invocation.selected}
    why = {name: history.blocked_reason() if gate else "" for name, history in of.items()}
    newest = {name: history.newest for name, history in of.items() if history.newest}
    due = {each.name for each in invocation.selected if _due(invocation, store, each, newest.get(each.name))}
    turns = tuple(each for each in invocation.selected if each.name in due or why[each.name])
    sent = [each for each in turns if not why[each.name]]
    return Agenda(
        turns,
        up_to_date=tuple(name for name in newest if name not in due and not why[name]),
        held_back=_told(invocation, why),
        builds=newest,
        warnings=tuple(_of_missing_builds(store.schema, of, why)),
        notes=tuple(_of_missing_tests(invocation, sent, of)) if gate else (),
    )


def _of_missing_builds(schema: str, of: Mapping[str, History], why: Mapping[str, str]) -> Iterator[str]:
    unknown: dict[str, set[str]] = defaultdict(set)
    for name, history in of.items():
        for status in history.unknown if why[name] else ():
            unknown[status].add(name)
    if unknown:
        yield unknown_statuses(f"{schema}.{BUILDS}", unknown)
    if never := sorted(name for name, history in of.items() if not history.newest and not why[name]):
        yield f"no build is on record, so that --built leaves them alone: {', '.join(never)}"


def _of_missing_tests(invocation: Invocation, sent: Sequence[Sync], of: Mapping[str, History]) -> Iterator[str]:
    """Yield a note if tests of models that are sent have not run since the models were built."""
    missing: dict[str, set[str]] = {}
    for sync in sent:
        tests = [each for each in invocation.manifest.tests if each.is_of_data and sync.model.unique_id in each.models]
        if names := {each.name for each in tests} - set(of[sync.name].tested):
            missing[sync.name] = names
    if missing:
        count = len(set().union(*missing.values()))
        yield (
            f"{counted(count, 'test')} of {listed(list(missing))} did not run since dbt built the "
            "models; this does not block them"
        )


def _due(invocation: Invocation, store: StateStore, sync: Sync, newest: str | None) -> bool:
    """Whether dbt has built its model since the build that was synced last, whole."""
    _, label = invocation.known_destination(sync, store.target)
    entry = store.log.current(label, sync.name)
    return newest is not None and (entry is None or entry.build != newest)


def _told(invocation: Invocation, why: Mapping[str, str]) -> dict[str, str]:
    return {each.name: gated(each, why[each.name]) for each in invocation.selected if why[each.name]}
