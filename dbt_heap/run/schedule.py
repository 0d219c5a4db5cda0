"""Which syncs a run sends, and which are held back, for example because dbt's build or tests failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dbt_heap.delivery.results import Status, SyncResult
from dbt_heap.errors import SettingsError, counted
from dbt_heap.http.sessions import check_environment_for
from dbt_heap.project.statuses import listed, unknown_statuses
from dbt_heap.run.options import Observer, SyncOptions
from dbt_heap.run.outcome import blank_result
from dbt_heap.state.builds import History, read_builds
from dbt_heap.state.names import BUILDS
from dbt_heap.state.open import undeclared_in_dbt_2
from dbt_heap.state.store import StateStore
from dbt_heap.syncs.invocation import Invocation
from dbt_heap.syncs.sync import Sync, SyncType

NOT_ALLOWED = (
    "deletion is off. `dbt-heap plan` counts the users that Heap would delete. To delete them, run: "
    "dbt-heap sync --allow-deletions"
)
NO_PURGE = (
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


def _require_destination(invocation: Invocation, target: str, *, deleting: bool) -> None:
    """Raise SettingsError if no selected sync has a known destination. The error names each cause once.

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


@dataclass(frozen=True)
class Schedule:
    """The syncs of one run, in their order."""

    syncs: tuple[Sync, ...]
    up_to_date: tuple[str, ...] = ()  # names of syncs whose models dbt has not built since
    blocked: Mapping[str, str] = field(default_factory=dict)  # name -> why its rows may not be sent, and what to do
    builds: Mapping[str, str] = field(default_factory=dict)  # name -> dbt's invocation that built the model
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def schedule_syncs(invocation: Invocation, store: StateStore, options: SyncOptions, observer: Observer) -> Schedule:
    """Return the selected syncs, or with `built` those that dbt has built since. Report warnings and notes.

    Raises:
        SettingsError: It is not known where to send, a proxy or CA certificates cannot be used, or there are warnings
            and `--warn-error` is set.
        StateError: `built`, and the warehouse has no usable table `builds`.
        WarehouseError: The warehouse refused a statement.
    """
    invocation.messages.report_to(observer.warn, observer.note)
    _require_destination(invocation, store.target, deleting=options.consent is not None)
    invocation.messages.add(store.warnings(), store.notes())
    missing = undeclared_in_dbt_2(invocation, store)
    gate = options.gate
    schedule = _from_builds(invocation, store, gate=gate) if options.built else _from_files(invocation, gate=gate)
    schedule = replace(schedule, warnings=(*schedule.warnings, *missing))
    invocation.messages.add(schedule.warnings, schedule.notes)
    known = (invocation.known_destination(sync, store.target) for sync in schedule.syncs)
    for base_url in sorted({each.base_url for each in known if each}):
        check_environment_for(base_url)
    return schedule


def held_back(invocation: Invocation, schedule: Schedule, sync: Sync, *, may_delete: bool) -> SyncResult | None:
    """Return the result of a sync that does not start: a deletion that may not run, or a blocked model. Else None."""
    if sync.type is SyncType.USER_DELETIONS and not may_delete:
        return blank_result(sync, Status.SKIPPED, NOT_ALLOWED)
    if sync.type is SyncType.USER_DELETIONS and invocation.broken:
        return blank_result(sync, Status.ERROR, NO_PURGE.format(", ".join(sorted(invocation.broken))))
    reason = schedule.blocked.get(sync.name)
    return blank_result(sync, Status.GATED, reason) if reason else None


def _from_files(invocation: Invocation, *, gate: bool) -> Schedule:
    gates = invocation.gates
    reasons = {each.name: gates.reason(each.model.unique_id) if gate else "" for each in invocation.selected}
    warnings, notes = (gates.warnings, gates.notes) if gate else (gates.stale, ())
    return Schedule(invocation.selected, blocked=_blocked(invocation, reasons), warnings=warnings, notes=notes)


def _from_builds(invocation: Invocation, store: StateStore, *, gate: bool) -> Schedule:
    builds = read_builds(store)  # before any model is read: a build that ends meanwhile is sent once more
    histories = {each.name: builds.of(each.model) for each in invocation.selected}
    reasons = {name: history.blocked_reason() if gate else "" for name, history in histories.items()}
    newest = {name: history.newest for name, history in histories.items() if history.newest}
    due = {each.name for each in invocation.selected if _is_due(invocation, store, each, newest.get(each.name))}
    scheduled = tuple(each for each in invocation.selected if each.name in due or reasons[each.name])
    sent = [each for each in scheduled if not reasons[each.name]]
    return Schedule(
        scheduled,
        up_to_date=tuple(name for name in newest if name not in due and not reasons[name]),
        blocked=_blocked(invocation, reasons),
        builds=newest,
        warnings=tuple(_missing_builds(store.schema, histories, reasons)),
        notes=tuple(_missing_tests(invocation, sent, histories)) if gate else (),
    )


def _missing_builds(schema: str, histories: Mapping[str, History], reasons: Mapping[str, str]) -> Iterator[str]:
    """Yield a warning about statuses that are unknown, and one about models without a build."""
    unknown: dict[str, set[str]] = defaultdict(set)
    for name, history in histories.items():
        for status in history.unknown if reasons[name] else ():
            unknown[status].add(name)
    if unknown:
        yield unknown_statuses(f"{schema}.{BUILDS}", unknown)
    if never := sorted(name for name, history in histories.items() if not history.newest and not reasons[name]):
        yield f"no build is on record, so --built skips them: {', '.join(never)}"


def _missing_tests(invocation: Invocation, sent: Sequence[Sync], histories: Mapping[str, History]) -> Iterator[str]:
    """Yield a note if tests of models that are sent have not run since the models were built."""
    missing: dict[str, set[str]] = {}
    for sync in sent:
        tests = [each for each in invocation.manifest.tests if each.is_of_data and sync.model.unique_id in each.models]
        if names := {each.name for each in tests} - set(histories[sync.name].tested):
            missing[sync.name] = names
    if missing:
        tests_of = f"{counted(len(set().union(*missing.values())), 'test')} of {listed(list(missing))}"
        yield f"{tests_of} did not run since dbt built the models; this does not block them"


def _is_due(invocation: Invocation, store: StateStore, sync: Sync, newest: str | None) -> bool:
    """Return whether dbt has built the model since the build that was sent completely."""
    entry = store.log.current(invocation.known_label(sync, store.target), sync.name)
    return newest is not None and (entry is None or entry.build != newest)


def _blocked(invocation: Invocation, reasons: Mapping[str, str]) -> dict[str, str]:
    """Return what to do about each model that is blocked for a reason."""
    return {
        each.name: (
            f"{reasons[each.name]}. Run dbt again once that is fixed, or send its rows as they are: "
            f"dbt-heap sync --no-gate --select {each.model.name}"
        )
        for each in invocation.selected
        if reasons[each.name]
    }
