"""What dbt did not build well is not sent, unless one asks for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project

MODEL = "model.shop.heap_users"
NOW, EARLIER = "2026-11-25T12:00:00Z", "2026-11-25T11:00:00Z"


def results(project: Project, *ended: tuple[str, str], which: str = "build", **metadata: str) -> None:
    """Writes run_results.json."""
    found = {
        "metadata": {"invocation_id": "00000000-0000-0000-0000-000000000000", "generated_at": NOW, **metadata},
        "args": {"which": which},
        "results": [{"unique_id": unique_id, "status": status} for unique_id, status in ended],
    }
    write(project, json.dumps(found))


def write(project: Project, text: str) -> None:
    """Writes whatever in the place of run_results.json."""
    (project.folder / "target").mkdir(exist_ok=True)
    (project.folder / "target" / "run_results.json").write_text(text)


def with_test(project: Project, name: str, *models: str, **node: Any) -> str:
    """Adds a test to the manifest."""
    unique_id = f"test.shop.{name}"
    project.nodes[unique_id] = {
        "unique_id": unique_id, "name": name, "resource_type": "test", "depends_on": {"nodes": list(models)}, **node,
    }  # fmt: skip
    return unique_id


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("error", "its last build failed"),
        ("skipped", "its last build was skipped"),
        ("partial success", "its last build failed in part"),
    ],
)
def test_a_model_that_was_not_built_well_is_not_sent(users: Project, heap: Sandbox, status: str, said: str) -> None:
    results(users, (MODEL, status))
    outcome = users.sync()
    assert outcome.exit_code == 1
    assert users.results()["heap_users"]["status"] == "gated"
    last = outcome.stderr.splitlines()[-1]
    assert last.startswith(f"heap_users: {said}.") and "dbt-heap sync --no-gate --select heap_users" in last
    assert heap.requests() == []


def test_no_gate_sends_it_all_the_same(users: Project, heap: Sandbox) -> None:
    results(users, (MODEL, "error"))
    assert users.sync("--no-gate").exit_code == 0
    assert len(heap.users()) == 3


@pytest.mark.parametrize("status", ["success", "no-op", "warn"])
def test_a_model_that_was_built_is_sent(users: Project, heap: Sandbox, status: str) -> None:
    results(users, (MODEL, status))
    assert users.sync().exit_code == 0
    assert len(heap.users()) == 3


def test_what_dbt_did_not_build_this_time_is_sent(users: Project) -> None:
    results(users, ("model.shop.another", "error"))
    assert users.sync().exit_code == 0


@pytest.mark.parametrize(("status", "ends_with"), [("fail", 1), ("error", 1), ("warn", 0), ("pass", 0), ("skipped", 0)])
def test_a_model_whose_test_failed_is_not_sent(users: Project, status: str, ends_with: int) -> None:
    results(users, (MODEL, "success"), (with_test(users, "unique_heap_users", MODEL), status))
    outcome = users.sync()
    assert outcome.exit_code == ends_with
    assert ("a test of its model failed: unique_heap_users" in outcome.stderr) == (ends_with == 1)


def test_a_test_that_reads_another_model_too_is_about_the_one_it_is_attached_to(users: Project) -> None:
    orders = "model.shop.orders"
    results(users, (with_test(users, "relationships_orders", orders, MODEL, attached_node=orders), "fail"))
    assert users.sync().exit_code == 0


def test_what_built_nothing_tells_nothing_of_builds(users: Project) -> None:
    results(users, (MODEL, "error"), which="generate")
    assert users.sync().exit_code == 0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"results": 1}'])
def test_results_that_cannot_be_read_are_no_good_news(users: Project, heap: Sandbox, text: str) -> None:
    write(users, text)
    outcome = users.sync()
    assert outcome.exit_code == 1
    assert "run_results.json" in outcome.stderr and "--no-gate" in outcome.stderr
    assert heap.requests() == []


def test_a_plan_says_what_would_not_be_sent(users: Project) -> None:
    results(users, (MODEL, "error"))
    assert "heap_users: would not be sent: its last build failed" in users.run("plan").stdout
    assert users.run("plan", "--output", "json").json()[0]["gated"] == "its last build failed"


@pytest.mark.parametrize(
    ("built", "said"), [(NOW, "older than the last build"), (EARLIER, "written after the last build")]
)
def test_a_manifest_of_another_invocation_is_told(users: Project, built: str, said: str) -> None:
    users.metadata["generated_at"] = "2026-11-25T11:30:00Z"
    results(users, (MODEL, "success"), invocation_id="11111111-1111-1111-1111-111111111111", generated_at=built)
    outcome = users.sync()
    assert outcome.exit_code == 0
    assert said in outcome.stderr
