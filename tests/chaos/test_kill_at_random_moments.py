"""Kill a run at a random moment: while it plans, sends, merges, or cleans up after a killed run."""

from __future__ import annotations

from random import Random

import pytest

from tests.chaos.chains import Figures, chain, idle
from tests.chaos.conftest import SIZES, NewWorld
from tests.chaos.hooks import KillPoint
from tests.chaos.runner import Ended
from tests.chaos.world import KillPlan, World
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
        chain(world, [random_kill(whole, chance) for _ in range(chance.randint(1, 3))], figures, chance)
    idle(world)


def changed(world: World) -> Ended:
    """Return a complete run with changes, after a first run that was killed halfway."""
    first = world.run(KillPlan(after_requests=8))
    assert first.killed
    assert world.run().code == 0
    world.history.edit()
    world.build()
    ended = world.run()
    assert ended.code == 0
    return ended


def random_kill(whole: Ended, chance: Random) -> KillPlan:
    """Return a random moment of a run like `whole`."""
    requests = sum(" send " in step for step in whole.steps)
    kind = chance.choice(["time", "time", "requests", "unanswered", "step"])
    if kind == "time":
        return KillPlan(after_seconds=chance.uniform(0.05, 1.0) * whole.seconds)
    if kind == "step":
        return KillPlan(at=KillPoint(chance.choice(whole.steps), chance.choice(["before", "uncommitted", "after"])))
    return KillPlan(after_requests=chance.randint(1, requests), unanswered=kind == "unanswered")
