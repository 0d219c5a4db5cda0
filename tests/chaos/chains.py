"""Kill several runs, with changes to the rows in between; then a normal run must repair everything."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tests.chaos.checks import leftovers, look, sent_again
from tests.chaos.hooks import BATCH_ROWS, GROUP_BATCHES, IN_FLIGHT, KillPoint
from tests.chaos.world import KillPlan, World

# A killed run leaves rows in doubt: those in flight, and a group of answers that is not saved yet. The last answers may
# have made that group larger than its limit.
UNDECIDED_ROWS = (GROUP_BATCHES - 1 + IN_FLIGHT + IN_FLIGHT) * BATCH_ROWS


@dataclass
class Figures:
    """What a test tried and found."""

    crashes: int = 0
    outlived: int = 0  # runs that ended before they were killed
    compared: int = 0
    losses: int = 0
    duplicates: int = 0
    sent_again: int = 0
    most_sent_again: int = 0  # after one crash
    began: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        return (
            f"{self.crashes} crashes ({self.outlived} runs ended first), "
            f"{self.compared:,} rows and values compared, "
            f"{self.losses} losses, {self.duplicates} duplicates, {self.sent_again:,} records sent again "
            f"(at most {self.most_sent_again} after one crash, {UNDECIDED_ROWS} allowed), "
            f"{time.monotonic() - self.began:.0f} s"
        )


def chain(world: World, kill_points: Sequence[KillPlan], figures: Figures, chance: Random) -> list[KillPoint]:
    """Edit rows and kill a run, several times. Then run to the end and check. Return the kill points that happened."""
    story, happened = [f"seed {world.history.seed}"], list[KillPoint]()
    first = len(world.sent)
    world.history.edit()
    world.build()
    for how in kill_points:
        ended = world.run(how)
        at = ended.steps[-1] if ended.steps else "the start"
        story.append(f"{how}: {f'killed at {at}' if ended.killed else f'ended with {ended.code}'}")
        assert ended.killed or ended.code == 0, (story, ended.stderr)
        figures.crashes += ended.killed
        figures.outlived += not ended.killed
        if ended.killed and how.at:
            happened.append(how.at)
        story.append(_change(world, chance))
    _recover(world, story)
    findings = look(world)
    again = sent_again(world.sent[first:])
    figures.compared += findings.compared
    figures.losses += len(findings.losses)
    figures.duplicates += len(findings.duplicates)
    figures.sent_again += again
    figures.most_sent_again = max(figures.most_sent_again, again // max(1, len(kill_points)))
    assert not findings.wrong, (story, findings.wrong[:5])
    assert again <= len(kill_points) * UNDECIDED_ROWS, story
    return happened


def idle(world: World) -> None:
    """Check that a run with nothing to do sends nothing and leaves only state behind."""
    ended = world.run()
    sent = {kind: sum(records.values()) for kind, records in world.sent[-1].records.items()}
    assert (ended.code, sum(sent.values())) == (0, 0), (sent, ended.stderr)
    assert not (left := list(leftovers(world))), left


def _recover(world: World, story: list[str]) -> None:
    ended = world.run()
    assert ended.code == 0, (story, ended.stderr)


def _change(world: World, chance: Random) -> str:
    """Change the rows between two runs, or undo changes, or do nothing. Return which."""
    name = chance.choice(["nothing", "edit", "revert"])
    if name != "nothing":
        getattr(world.history, name)()
        world.build()
    return name
