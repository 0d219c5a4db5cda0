"""Kill a run at a statement or a request: before it, after it, or before its commit."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest

from tests.chaos.chains import Figures, chain, idle
from tests.chaos.conftest import NewWorld
from tests.chaos.hooks import KillPoint, When
from tests.chaos.world import KillPlan, World
from tests.long import LONG

CHAINS_A_WORLD = 8
WHENS: tuple[When, ...] = ("before", "uncommitted", "after") if LONG else ("after",)
# A statement that only reads changes nothing, so only the long form tests it.
READS = {"catalog", "newest_entries", "outbox_counts", "outbox_page", "verdict_counts", "lock_holder", "reject_counts"}
SHARE, SMALL_SHARE = (1.0, 1.0) if LONG else (0.4, 0.1)  # of the steps at which a run is killed
TRIES = 10  # for the last kill points that are left
REPEATS = 2  # how many of the steps that repeat per batch are tested
TINY = {"users": 120, "accounts": 10, "events": 120}  # always enough for at least two groups of batches
ENGINES = ["duckdb", "postgres"]


def test_run_killed_at_any_step_loses_and_duplicates_nothing(new_world: NewWorld, figures: Figures) -> None:
    run_all(new_world, "duckdb", figures, SHARE)


def test_run_killed_at_any_step_on_postgres(new_world: NewWorld, figures: Figures) -> None:
    run_all(new_world, "postgres", figures, SMALL_SHARE)


@pytest.mark.parametrize("engine", ENGINES)
def test_run_after_a_killed_first_run_succeeds(new_world: NewWorld, figures: Figures, engine: str) -> None:
    world = new_world(engine, 1, TINY)
    chance = Random(1)
    left = Left(kill_points(world.run().steps, chance, SMALL_SHARE))
    number = 0
    while left:
        world = new_world(engine, number, TINY)
        left.finish(chain(world, left.next(), figures, chance))
        idle(world)
        number += 1


class Left:
    """Kill points that have not happened yet, by sync."""

    def __init__(self, by_sync: list[list[KillPoint]]) -> None:
        self._by_sync = by_sync
        self._failures = 0

    def __bool__(self) -> bool:
        return any(self._by_sync)

    def next(self) -> list[KillPlan]:
        """Return one kill point per sync, at most three."""
        return [KillPlan(at=each[0]) for each in self._by_sync if each][:3]

    def finish(self, happened: list[KillPoint]) -> None:
        """Remove what happened. Try the others again, because the number of groups differs from run to run."""
        self._failures = 0 if happened else self._failures + 1
        assert self._failures < TRIES, self._by_sync
        for each in self._by_sync:
            each[:] = [kill_point for kill_point in each if kill_point not in happened]
            each[:] = each[1:] + each[:1]


def run_all(new_world: NewWorld, engine: str, figures: Figures, share: float) -> None:
    """Kill a run with changes at a share of its steps."""
    chance = Random(2)
    world = settled(new_world(engine, 2))
    left = Left(kill_points(changed(world), chance, share))
    number = 0
    while left:
        number += 1
        if number % CHAINS_A_WORLD == 0:
            world = settled(new_world(engine, number))
        left.finish(chain(world, left.next(), figures, chance))
        if number % CHAINS_A_WORLD == 3 or not left:
            idle(world)


def settled(world: World) -> World:
    """Return the world after its first sync."""
    assert world.run().code == 0
    return world


def changed(world: World) -> tuple[str, ...]:
    """Return the steps of a run that has changes to send."""
    world.history.edit()
    world.build()
    ended = world.run()
    assert ended.code == 0
    return ended.steps


def kill_points(steps: Iterable[str], chance: Random, share: float) -> list[list[KillPoint]]:
    """Return the kill points by sync, so a chain can use one of each."""
    by_sync: dict[str, list[KillPoint]] = {}
    for step in steps:
        number, name, *_, repeat = step.split()
        tried = (LONG or name not in READS) and (name not in ("send", "acknowledge") or int(repeat) <= REPEATS)
        for when in WHENS:
            if tried and (name, when) != ("send", "uncommitted") and chance.random() < share:
                by_sync.setdefault(number, []).append(KillPoint(step, when))
    return [chance.sample(each, len(each)) for _, each in sorted(by_sync.items())]
