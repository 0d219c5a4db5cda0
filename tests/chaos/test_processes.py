"""Forked runs behave like runs in new processes."""

from __future__ import annotations

import subprocess
import sys

from tests.chaos.conftest import NewWorld
from tests.chaos.runner import command, inherited
from tests.chaos.world import World


def test_forked_run_prints_and_sends_what_a_new_process_does(new_world: NewWorld) -> None:
    forked, alone = (outcome(new_world("duckdb", seed=7), forked) for forked in (True, False))
    assert forked == alone


def outcome(world: World, forked: bool) -> tuple[object, ...]:
    """Return exit codes, results and Heap's content after a first run and one with changes."""
    codes = []
    for _ in range(2):
        if forked:
            run = world.runner.sync(world.project.folder, world.project.environment, small_limits=False)
            codes.append((run.code, run.stderr.count("\n")))
        else:
            arguments = [sys.executable, "-m", "dbt_heap", *command(world.project.folder)]
            environment = inherited() | world.project.environment
            process = subprocess.run(arguments, env=environment, capture_output=True, text=True)
            codes.append((process.returncode, process.stderr.count("\n")))
        world.history.edit()
        world.build()
    figures = ("status", "planned", "accepted", "rejected", "undelivered", "new", "changed", "requests", "bytes")
    results = {name: [each[figure] for figure in figures] for name, each in world.project.results().items()}
    return codes, results, world.heap.users(), world.heap.accounts(), world.heap.events()


def test_killed_run_leaves_no_answer_waiting(new_world: NewWorld) -> None:
    world = new_world("duckdb", seed=7)
    ended = world.runner.sync(world.project.folder, world.project.environment, kill_after=0.3)
    assert (ended.code, ended.stderr.count("Traceback")) == (-9, 0)
