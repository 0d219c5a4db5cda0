"""A run that is killed at a random moment: in planning, sending, folding, or while it cleans up after one that died."""

from __future__ import annotations

from random import Random

import pytest

from tests.chaos.chains import Figures, chain, idle
from tests.chaos.conftest import SIZES, NewWorld
from tests.chaos.hooks import Death
from tests.chaos.runner import Ended
from tests.chaos.world import Dying, World
from tests.long import LONG

CRASHES_A_WORLD = 10
SEEDS = range(20) if LONG else range(1)
LARGE = {kind: 4 * size for kind, size in SIZES.items()}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_runs_killed_at_random_moments_lose_and_duplicate_nothing(
    new_world: NewWorld, figures: Figures, engine: str, seed: int
) -> None:
    chance = Random(seed)
    world = new_world(engine, seed, LARGE if seed % 5 == 4 else SIZES)
    whole = changed(world)
    while figures.crashes < CRASHES_A_WORLD:
        chain(world, [dying(whole, chance) for _ in range(chance.randint(1, 3))], figures, chance)
    idle(world)


def changed(world: World) -> Ended:
    """A run that has changes to send and lives, after a first one that died at half its way."""
    first = world.run(Dying(after_requests=8))
    assert first.killed
    assert world.run().code == 0
    world.history.edit()
    world.build()
    ended = world.run()
    assert ended.code == 0
    return ended


def dying(whole: Ended, chance: Random) -> Dying:
    """A moment of a run like the whole one."""
    requests = sum(" send " in step for step in whole.steps)
    kind = chance.choice(["time", "time", "requests", "unanswered", "step"])
    if kind == "time":
        return Dying(after_seconds=chance.uniform(0.05, 1.0) * whole.seconds)
    if kind == "step":
        return Dying(at=Death(chance.choice(whole.steps), chance.choice(["before", "uncommitted", "after"])))
    return Dying(after_requests=chance.randint(1, requests), unanswered=kind == "unanswered")
