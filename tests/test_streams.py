"""Whatever stdout and stderr are, and however they are encoded, a command prints or says why it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dbt_heap.cli.group import COMMANDS
from dbt_heap.sandbox.server import Sandbox
from tests.printing import CLOSED, FULL, Printed, printed
from tests.project import Project
from tests.warehouse.users import held

NAME = "Plan \N{DESERT ISLAND} é"
SERVERS = {"listen", "sandbox"}
EVERY = [
    ["sync"], ["plan"], ["plan", "--output", "json"], ["plan", "--output", "markdown"], ["show"], ["ls"],
    ["ls", "--output", "json"], ["check"], ["debug"], ["rejects"], ["rejects", "--output", "csv"], ["runs"],
    ["runs", "--output", "json"], ["explain", "--key-file", "keys.txt"], ["state", "show"], ["schema"],
    ["generate", "heap_users"], ["exposures"], ["report"],
]  # fmt: skip
EACH_KIND = [  # of printing: rich's tables, click, orjson, agate, and tables after rows were delivered
    ["sync"], ["plan"], ["plan", "--output", "json"], ["rejects", "--output", "csv"], ["runs", "--output", "json"],
    ["exposures"], ["debug"],
]  # fmt: skip
PLAIN = [["--help"], ["--version"], ["sync", "--no-such-flag"]]


@pytest.fixture
def users(project: Project) -> Project:
    """Two users with a property that cp1252 has no letters for, one of them rejected."""
    project.table("heap_users", "select * from (values ('ana', 'team'), ('undefined', 'free')) as t(user_id, plan)")
    project.declare(
        "heap_users",
        {"type": "user_properties", "identity": "user_id", "properties": {NAME: "plan"}, "allow_rejected": 1},
    )
    project.write()
    (project.folder / "keys.txt").write_text("ana\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "HEAP_", "PYTHON"))}
    folder = str(project.folder)
    project.environment |= {**kept, "DBT_PROJECT_DIR": folder, "DBT_PROFILES_DIR": folder}
    return project


def run(
    project: Project, commands: list[list[str]], *, stdout: str = "", stderr: str = "", **more: str
) -> list[Printed]:
    """Commands in the project's folder."""
    keys = str(project.folder / "keys.txt")
    words = [[keys if word == "keys.txt" else word for word in command] for command in commands]
    return printed(words, project.folder, {**project.environment, **more}, stdout=stdout, stderr=stderr)


CP1252 = {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
C_LOCALE = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@pytest.mark.parametrize(("encoding", "commands"), [(CP1252, EVERY), (C_LOCALE, EACH_KIND)], ids=["cp1252", "C"])
def test_redirected_output_is_utf_8_in_any_locale(
    users: Project, encoding: dict[str, str], commands: list[list[str]]
) -> None:
    assert {command[0] for command in EVERY} | SERVERS == set(COMMANDS)
    file = users.folder / "x.yml"
    said: dict[str, str] = {}
    for command, each in zip(
        commands, run(users, [*commands, ["exposures", "-o", str(file)]], **encoding), strict=False
    ):
        said[" ".join(command)] = each.stdout.decode() + each.stderr.decode()
        assert (each.exit_code, "Traceback" in said[" ".join(command)]) == (0, False), (command, each.stderr)
    assert NAME in said["plan --output json"] and "é" in said["exposures"]
    assert file.read_text(encoding="utf-8") == said["exposures"]


@pytest.mark.skipif(not Path(FULL).exists(), reason="this system has no /dev/full")
def test_unwritable_output_ends_with_one_sentence(users: Project, heap: Sandbox) -> None:
    for command, each in zip(EACH_KIND, run(users, EACH_KIND, stdout=FULL), strict=True):
        said = each.stderr.decode()
        if command == ["sync"]:  # the rows are with Heap
            assert (each.exit_code, held(heap)) == (0, {"ana": {NAME: "team"}})
            assert "warning: the summary cannot be written to stdout: No space left on device" in said
        else:
            error = "Error: the output cannot be written to stdout: No space left on device\n"
            assert (each.exit_code, said.endswith(error), "Traceback" in said) == (2, True, False), (command, said)
    assert users.results()["heap_users"]["accepted"] == 1


def test_reader_that_closes_early_gets_no_traceback(users: Project) -> None:
    for command, each in zip(EACH_KIND, run(users, EACH_KIND, stdout=CLOSED), strict=True):
        assert each.exit_code == (0 if command == ["sync"] else 141), command
        assert not any(word in each.stderr for word in (b"Traceback", b"Error", b"Exception")), (command, each.stderr)


@pytest.mark.parametrize("stderr", [FULL, CLOSED])
def test_log_that_cannot_be_written_changes_nothing(users: Project, heap: Sandbox, stderr: str) -> None:
    if stderr == FULL and not Path(FULL).exists():
        pytest.skip("this system has no /dev/full")
    codes = [each.exit_code for each in run(users, [*EACH_KIND, *PLAIN], stderr=stderr)]
    assert codes == [0] * len(EACH_KIND) + [0, 0, 2]
    assert held(heap) == {"ana": {NAME: "team"}}


def test_streams_that_are_not_open_at_all_are_no_error(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.sql("update heap_users set plan = 'pro' where user_id = 'ana'")
    command = f'exec "{sys.executable}" -m dbt_heap sync <&- >&- 2>&-'
    ran = subprocess.run(["sh", "-c", command], env=users.environment, cwd=users.folder, check=False)
    assert (ran.returncode, held(heap)) == (0, {"ana": {NAME: "pro"}})
    assert users.sql("select count(*) from heap_users") == [(2,)]  # nothing was printed into the file of DuckDB


def test_terminal_shows_question_marks_for_missing_characters(users: Project) -> None:
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    ours, theirs = pty.openpty()
    legacy = {**users.environment, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    ran = subprocess.Popen(
        [sys.executable, "-m", "dbt_heap", "ls", "--output", "json"], env=legacy, stdout=theirs, stderr=theirs
    )
    assert ran.wait() == 0
    os.close(theirs)
    said = os.read(ours, 65_536)
    os.close(ours)
    assert b"Traceback" not in said
