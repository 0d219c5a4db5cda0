"""Kill a run that deletes people at one of its steps: the next run completes the deletion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

from dbt_heap.sandbox.server import Sandbox
from tests.chaos.chains import Figures
from tests.chaos.hooks import KillPoint, When
from tests.chaos.runner import Ended, Runner
from tests.long import LONG
from tests.project import Project
from tests.warehouse.deletions import VISITS, kept_of, lists
from tests.warehouse.users import USERS
from tests.warehouses import Engine, on_every_engine

SHARE = 1.0 if LONG else 0.1
WHENS: tuple[When, ...] = ("before", "uncommitted", "after") if LONG else ("after",)
STAYING = ["ana", "bob"]


@dataclass
class Shop:
    """People that Heap knows. Two of them, named `leaver_...`, leave each day."""

    project: Project
    heap: Sandbox
    runner: Runner
    days: int = 0

    def day(self) -> None:
        """Sync two people and list them for deletion. They stay in the models, where every row changes."""
        self.days += 1
        self._build(seats=0)
        assert self._run().code == 0
        self._build(seats=1)
        lists(self.project, *self._leavers())
        self.project.write()

    def deleting(self, kill_point: KillPoint | None = None) -> Ended:
        """Run a sync that deletes, and kill it if asked to."""
        return self._run("--allow-deletions", "--yes", kill_point=kill_point)

    def must_have_forgotten(self) -> None:
        """Check that those who left are not in Heap or the state, and that the others match the model."""
        seats = {each["identity"]: each["properties"]["Seats"] for each in self.heap.users()}
        assert seats == dict.fromkeys(STAYING, 10 * self.days + 1)
        assert sorted(each["identity"] for each in self.heap.events()) == STAYING
        assert kept_of(self.project, "leaver") == set()

    def _leavers(self) -> list[str]:
        return [f"leaver_{self.days}_{each}" for each in "ab"]

    def _build(self, seats: int) -> None:
        people = ", ".join(f"('{each}')" for each in STAYING + self._leavers())
        rows = f"select user_id, 'team' as plan, {10 * self.days + seats} as seats from (values {people}) as t(user_id)"
        visits = f"select user_id, 1 as n, timestamp '2026-03-01 08:15:00' as at from ({rows}) as t"
        self.project.table("heap_users", rows)
        self.project.table("visits", visits)

    def _run(self, *arguments: str, kill_point: KillPoint | None = None) -> Ended:
        environment = {**self.project.environment, "HEAP_API_KEY": "secret-key"}
        return self.runner.sync(self.project.folder, environment, *arguments, kill_point=kill_point)


@on_every_engine
def test_next_run_finishes_deletions_of_a_run_that_died(
    tmp_path: Path, slow_heap: Sandbox, runner: Runner, engine: Engine, figures: Figures
) -> None:
    slow_heap.reset()
    project = Project(tmp_path, slow_heap.url, engine)
    project.declare("heap_users", USERS)
    project.declare("visits", VISITS)
    lists(project)
    project.write()
    shop = Shop(project, slow_heap, runner)
    shop.day()
    whole = shop.deleting()
    assert whole.code == 0, whole.stderr
    shop.must_have_forgotten()
    for kill_point in kill_points(whole.steps):
        shop.day()
        ended = shop.deleting(kill_point)
        assert ended.killed, (kill_point, ended.stderr)
        ended = shop.deleting()
        assert ended.code == 0, (kill_point, ended.stderr)
        shop.must_have_forgotten()
        figures.crashes += 1


def kill_points(steps: tuple[str, ...]) -> list[KillPoint]:
    """Return kill points at each deletion request and at some other steps of its sync."""
    chance = Random(3)
    number = next(step.split()[0] for step in steps if step.split()[1] == "ask")
    of_deletion = [step.split() for step in steps if step.startswith(f"{number} ")]
    return [
        KillPoint(" ".join(words), when)
        for words in of_deletion
        for when in WHENS
        if (words[1], when) not in (("ask", "uncommitted"), ("progress", "uncommitted"))
        and (words[1] in ("ask", "progress", "close_requests") or chance.random() < SHARE)
    ]
