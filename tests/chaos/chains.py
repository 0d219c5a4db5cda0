"""One crash after another, rows changing in between, then a plain run: all must be well again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tests.chaos.checks import leftovers, look, sent_again
from tests.chaos.hooks import BATCH_ROWS, GROUP_BATCHES, IN_FLIGHT, Death
from tests.chaos.world import Dying, World

# A run that dies leaves undecided: a group that is not written down yet, which its last answers may have filled beyond
# its size, and what was in flight.
UNDECIDED_ROWS = (GROUP_BATCHES - 1 + IN_FLIGHT + IN_FLIGHT) * BATCH_ROWS


@dataclass
class Figures:
    """What a test has tried and found."""

    crashes: int = 0
    outlived: int = 0  # runs that ended before they could be killed
    compared: int = 0
    losses: int = 0
    doubles: int = 0
    sent_again: int = 0
    most_sent_again: int = 0  # of one crash
    began: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        return (
            f"{self.crashes} crashes ({self.outlived} runs outlived theirs), "
            f"{self.compared:,} rows and values compared, "
            f"{self.losses} losses, {self.doubles} doubles, {self.sent_again:,} records sent again "
            f"(of one crash at most {self.most_sent_again}, {UNDECIDED_ROWS} allowed), "
            f"{time.monotonic() - self.began:.0f} s"
        )


def chain(world: World, deaths: Sequence[Dying], figures: Figures, chance: Random) -> list[Death]:
    """Edits, dies, changes or puts back, dies again …, runs to the end, and looks; the deaths that came true."""
    story, came_true = [f"seed {world.history.seed}"], list[Death]()
    first = len(world.sent)
    world.history.edit()
    world.build()
    for how in deaths:
        ended = world.run(how)
        at = ended.steps[-1] if ended.steps else "the beginning"
        story.append(f"{how}: {f'died at {at}' if ended.killed else f'ended with {ended.code}'}")
        assert ended.killed or ended.code == 0, (story, ended.stderr)
        figures.crashes += ended.killed
        figures.outlived += not ended.killed
        if ended.killed and how.at:
            came_true.append(how.at)
        story.append(_change(world, chance))
    _recover(world, story)
    findings = look(world)
    again = sent_again(world.sent[first:])
    figures.compared += findings.compared
    figures.losses += len(findings.losses)
    figures.doubles += len(findings.doubles)
    figures.sent_again += again
    figures.most_sent_again = max(figures.most_sent_again, again // max(1, len(deaths)))
    assert not findings.wrong, (story, findings.wrong[:5])
    assert again <= len(deaths) * UNDECIDED_ROWS, story
    return came_true


def idle(world: World) -> None:
    """A run with nothing to do sends nothing, and nothing but state is left behind."""
    ended = world.run()
    sent = {kind: sum(records.values()) for kind, records in world.sent[-1].records.items()}
    assert (ended.code, sum(sent.values())) == (0, 0), (sent, ended.stderr)
    assert not (left := list(leftovers(world))), left


def _recover(world: World, story: list[str]) -> None:
    ended = world.run()
    assert ended.code == 0, (story, ended.stderr)


def _change(world: World, chance: Random) -> str:
    """What happens to the rows between two runs: most often they are put back."""
    name = chance.choice(["nothing", "edit", "revert"])
    if name != "nothing":
        getattr(world.history, name)()
        world.build()
    return name
