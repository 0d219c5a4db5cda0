"""Models that failed to build or failed a test are not sent; what is not known of them is reported."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project

MODEL = "model.shop.heap_users"
NOW, EARLIER = "2026-11-25T12:00:00Z", "2026-11-25T11:00:00Z"


def results(project: Project, *ended: tuple[str, str], which: str = "build", **metadata: str) -> None:
    """Write run_results.json."""
    found = {
        "metadata": {"invocation_id": "00000000-0000-0000-0000-000000000000", "generated_at": NOW, **metadata},
        "args": {"which": which},
        "results": [{"unique_id": unique_id, "status": status} for unique_id, status in ended],
    }
    project.run_results_text = json.dumps(found)


def with_test(project: Project, name: str, *models: str, **node: Any) -> str:
    """Add a test to the manifest."""
    unique_id = f"test.shop.{name}"
    project.nodes[unique_id] = {
        "unique_id": unique_id, "name": name, "resource_type": "test", "depends_on": {"nodes": list(models)}, **node,
    }  # fmt: skip
    return unique_id


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("error", "its last build failed"),
        ("fail", "its last build failed"),
        ("runtime error", "its last build failed"),
        ("Skipped", "its last build was skipped"),
        ("partial success", "its last build failed in part"),
    ],
)
def test_model_that_failed_to_build_is_not_sent(users: Project, heap: Sandbox, status: str, said: str) -> None:
    results(users, (MODEL, status))
    outcome = users.sync()
    assert outcome.exit_code == 1
    assert users.results()["heap_users"]["status"] == "gated"
    last = outcome.stderr.splitlines()[-1]
    assert last.startswith(f"heap_users: {said}.") and "dbt-heap sync --no-gate --select heap_users" in last
    assert heap.requests() == []


def test_no_gate_sends_it_anyway(users: Project, heap: Sandbox) -> None:
    results(users, (MODEL, "error"))
    assert users.sync("--no-gate").exit_code == 0
    assert len(heap.users()) == 3


@pytest.mark.parametrize("status", ["success", "no-op", "warn", "reused", "pass"])
def test_model_that_was_built_or_reused_is_sent(users: Project, heap: Sandbox, status: str) -> None:
    results(users, (MODEL, status))
    outcome = users.sync("--warn-error")
    assert (outcome.exit_code, len(heap.users())) == (0, 3)
    assert "run_results.json" not in outcome.stderr


@pytest.mark.parametrize(
    ("status", "ends_with"),
    [
        ("fail", 1), ("error", 1), ("runtime error", 1),
        ("warn", 0), ("pass", 0), ("success", 0), ("reused", 0), ("skipped", 0), ("no-op", 0),
    ],
)  # fmt: skip
def test_model_whose_test_failed_is_not_sent(users: Project, status: str, ends_with: int) -> None:
    results(users, (MODEL, "success"), (with_test(users, "unique_heap_users", MODEL), status))
    outcome = users.sync()
    assert outcome.exit_code == ends_with
    assert ("a test of its model failed: unique_heap_users" in outcome.stderr) == (ends_with == 1)
    assert ("no result for 1 test of heap_users" in outcome.stderr) == (status in ("skipped", "no-op"))


@pytest.mark.parametrize("status", [None, 7, "", "\x1b[2J"])
def test_status_that_is_not_plain_text_is_unknown(users: Project, status: Any) -> None:
    results(users, (MODEL, status), ("", "error"))
    outcome = users.sync()
    assert outcome.exit_code == 1
    assert "statuses that this version of dbt-heap does not know: '" in outcome.stderr and "\x1b" not in outcome.stderr


def test_unknown_statuses_block_their_models_and_are_reported_once(users: Project, heap: Sandbox) -> None:
    users.declare("accounts", {"type": "account_properties", "account_id": "user_id", "properties": ["plan"]})
    users.table("accounts", "select * from heap_users")
    results(users, (MODEL, "success"), (with_test(users, "unique", MODEL), "odd"), ("model.shop.accounts", "Quantum"))
    outcome = users.sync()
    assert outcome.exit_code == 1 and heap.requests() == []
    assert {name: each["status"] for name, each in users.results().items()} == dict.fromkeys(
        ("heap_users", "accounts"), "gated"
    )
    assert "does not know: 'Quantum' (accounts); 'odd' (heap_users)" in outcome.stderr
    assert (outcome.stderr.count("Quantum"), outcome.stderr.count("odd'")) == (1, 1)
    assert "failed" not in outcome.stderr
    assert users.sync("--warn-error").exit_code == 2
    outcome = users.sync("--no-gate", "--warn-error")
    assert outcome.exit_code == 0 and "Quantum" not in outcome.stderr


def test_test_that_reads_two_models_belongs_to_the_one_it_is_attached_to(users: Project) -> None:
    orders = "model.shop.orders"
    results(users, (with_test(users, "relationships_orders", orders, MODEL, attached_node=orders), "fail"))
    assert users.sync().exit_code == 0


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("show", "written by `dbt show`, not by a command that builds or tests"),
        ("compile", "written by `dbt compile`,"),
        ("generate", "written by `dbt docs generate`,"),
        ("clone", "written by `dbt clone`,"),
        ("run-operation", "written by `dbt run-operation`,"),
        ("later", "written by `dbt later`,"),
        ("\x1b[2J", "written by `dbt \\x1b[2J`,"),
        ("", "does not say which dbt command wrote it"),
        (None, "run_results.json does not exist"),
    ],
)
def test_overwritten_or_missing_results_are_reported_once(
    users: Project, heap: Sandbox, which: str | None, said: str
) -> None:
    users.declare("seeded", None, resource_type="seed")
    results(users, (MODEL, "success"), which=which or "")
    users.run_results_text = users.run_results_text if which is not None else None
    outcome = users.sync()
    assert outcome.exit_code == 0 and len(heap.users()) == 3
    [warning] = [line for line in outcome.stderr.splitlines() if line.startswith("warning: ")]
    assert said in warning and "builds and tests of heap_users" in warning and "--target-path" in warning
    assert said in users.run("plan").stderr

    heap.reset()
    for command in ("sync", "plan"):
        refused = users.run(command, "--warn-error")
        assert refused.exit_code == 2 and said in refused.stderr
    assert heap.requests() == []
    assert "run_results.json" not in users.sync("--no-gate", "--warn-error").stderr


OTHER = ("model.shop.other", "success")


@pytest.mark.parametrize(
    ("ended", "args", "said"),
    [
        ([OTHER], {"which": "run"}, "warning: "),
        ([], {"which": "seed"}, "warning: "),
        ([OTHER], {"which": "build", "invocation_command": "dbt retry --target dev"}, ""),
    ],
)
def test_results_of_other_models_only_are_reported(
    users: Project, ended: list[tuple[str, str]], args: dict[str, str], said: str
) -> None:
    results(users, *ended)
    users.run_results_text = json.dumps({**json.loads(users.run_results_text or ""), "args": args})
    outcome = users.sync()
    assert outcome.exit_code == 0
    [line] = [line for line in outcome.stderr.splitlines() if "has no result of theirs" in line]
    assert line.startswith(f"{said}{users.folder}") and "tests of heap_users succeeded is unknown" in line
    assert users.sync("--warn-error").exit_code == (2 if said else 0)


def test_models_and_tests_without_a_result_are_noted_in_one_sentence(users: Project, heap: Sandbox) -> None:
    unique, positive = with_test(users, "unique", MODEL), with_test(users, "positive", "model.shop.visits")
    users.declare("visits", {"type": "user_properties", "identity": "user_id", "properties": {"Visits": "plan"}})
    users.table("visits", "select * from heap_users")
    users.nodes["unit_test.shop.sums"] = {
        "unique_id": "unit_test.shop.sums", "resource_type": "unit_test", "depends_on": {"nodes": [MODEL]},
    }  # fmt: skip
    for ended, said in (
        ([(MODEL, "success")], "the last build of visits and 2 tests of heap_users, visits"),
        ([(unique, "pass"), (positive, "pass")], "the last build of heap_users, visits"),
        ([(MODEL, "success"), (unique, "warn"), ("model.shop.visits", "success")], "1 test of visits"),
        ([(MODEL, "success"), (unique, "fail"), (positive, "pass")], "the last build of visits"),
    ):
        results(users, *ended, which="run")
        outcome = users.run("plan", "--warn-error")
        assert outcome.exit_code == 0
        assert f"written by `dbt run`, has no result for {said}; this does not block them" in outcome.stderr
    users.sync()
    assert json.loads((users.folder / "target" / "heap_results.json").read_bytes())["notes"]


@pytest.mark.parametrize("text", [" ", "{", "[]", '{"results": 1}'])
def test_unreadable_results_do_not_open_the_gate(users: Project, heap: Sandbox, text: str) -> None:
    users.run_results_text = text
    outcome = users.sync()
    assert outcome.exit_code == 1
    assert "run_results.json" in outcome.stderr and "--no-gate" in outcome.stderr
    assert heap.requests() == []


def test_plan_reports_what_would_not_be_sent(users: Project) -> None:
    results(users, (MODEL, "error"))
    assert "heap_users: would not be sent: its last build failed" in users.run("plan").stdout
    assert users.run("plan", "--output", "json").json()[0]["gated"] == "its last build failed"


@pytest.mark.parametrize(
    ("built", "said"), [(NOW, "older than the last build"), (EARLIER, "newer than the last build")]
)
def test_manifest_of_another_invocation_is_reported(users: Project, built: str, said: str) -> None:
    users.metadata["generated_at"] = "2026-11-25T11:30:00Z"
    results(users, (MODEL, "success"), invocation_id="11111111-1111-1111-1111-111111111111", generated_at=built)
    outcome = users.sync()
    assert outcome.exit_code == 0
    assert said in outcome.stderr
