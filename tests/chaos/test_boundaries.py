"""A run that is killed at a statement or a request: before it, after it, or before it is committed."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest

from tests.chaos.chains import Figures, chain, idle
from tests.chaos.conftest import NewWorld
from tests.chaos.hooks import Death, When
from tests.chaos.world import Dying, World
from tests.long import LONG

CHAINS_A_WORLD = 8
WHENS: tuple[When, ...] = ("before", "uncommitted", "after") if LONG else ("after",)
# After a statement that only reads, all is as it was before: these are left to the long form.
READS = {"catalog", "newest_entries", "outbox_counts", "outbox_page", "verdict_counts", "lock_holder", "reject_counts"}
SHARE, SMALL_SHARE = (1.0, 1.0) if LONG else (0.4, 0.1)  # of the steps, at one of which a run dies
TRIES = 10  # of the last deaths that are left
REPEATS = 2  # of steps that a run repeats as often as there are batches, as many are tried
TINY = {"users": 120, "accounts": 10, "events": 120}  # enough for two groups of batches at least, always
ENGINES = ["duckdb", "postgres"]


def test_run_killed_at_any_step_loses_and_duplicates_nothing(new_world: NewWorld, figures: Figures) -> None:
    run_all(new_world, "duckdb", figures, SHARE)


def test_run_killed_at_any_step_on_postgres(new_world: NewWorld, figures: Figures) -> None:
    run_all(new_world, "postgres", figures, SMALL_SHARE)


@pytest.mark.parametrize("engine", ENGINES)
def test_run_after_a_killed_first_run_succeeds(new_world: NewWorld, figures: Figures, engine: str) -> None:
    world = new_world(engine, 1, TINY)
    chance = Random(1)
    left = Left(deaths(world.run().steps, chance, SMALL_SHARE))
    number = 0
    while left:
        world = new_world(engine, number, TINY)
        left.finish(chain(world, left.next(), figures, chance))
        idle(world)
        number += 1


class Left:
    """Deaths that have not come true yet, by sync."""

    def __init__(self, by_sync: list[list[Death]]) -> None:
        self._by_sync = by_sync
        self._in_vain = 0

    def __bool__(self) -> bool:
        return any(self._by_sync)

    def next(self) -> list[Dying]:
        """One of each sync; at most three."""
        return [Dying(at=each[0]) for each in self._by_sync if each][:3]

    def finish(self, came_true: list[Death]) -> None:
        """Forget what has happened. What did not is tried again: groups of batches are not as many in every run."""
        self._in_vain = 0 if came_true else self._in_vain + 1
        assert self._in_vain < TRIES, self._by_sync
        for each in self._by_sync:
            each[:] = [death for death in each if death not in came_true]
            each[:] = each[1:] + each[:1]


def run_all(new_world: NewWorld, engine: str, figures: Figures, share: float) -> None:
    """Has a run with changes die at a share of its steps."""
    chance = Random(2)
    world = settled(new_world(engine, 2))
    left = Left(deaths(changed(world), chance, share))
    number = 0
    while left:
        number += 1
        if number % CHAINS_A_WORLD == 0:
            world = settled(new_world(engine, number))
        left.finish(chain(world, left.next(), figures, chance))
        if number % CHAINS_A_WORLD == 3 or not left:
            idle(world)


def settled(world: World) -> World:
    """The world after its first sync."""
    assert world.run().code == 0
    return world


def changed(world: World) -> tuple[str, ...]:
    """The steps of a run that has changes to send."""
    world.history.edit()
    world.build()
    ended = world.run()
    assert ended.code == 0
    return ended.steps


def deaths(steps: Iterable[str], chance: Random, share: float) -> list[list[Death]]:
    """Where runs are to die: by sync, so that a chain may take one of each."""
    by_sync: dict[str, list[Death]] = {}
    for step in steps:
        number, name, *_, repeat = step.split()
        tried = (LONG or name not in READS) and (name not in ("send", "acknowledge") or int(repeat) <= REPEATS)
        for when in WHENS:
            if tried and (name, when) != ("send", "uncommitted") and chance.random() < share:
                by_sync.setdefault(number, []).append(Death(step, when))
    return [chance.sample(each, len(each)) for _, each in sorted(by_sync.items())]
