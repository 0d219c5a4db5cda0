"""Which dbt project an entry of the log belongs to, from what the log and the manifest say."""

from __future__ import annotations

import pytest

from dbt_heap.errors import StateError
from dbt_heap.project.nodes import Model, Relation
from dbt_heap.state.log import LogEntry, Step, SyncLog
from dbt_heap.state.ownership import Owner
from dbt_heap.syncs.sync import Sync, SyncType

HEAP = "1@heap"


def sync(name: str, package: str, table: str) -> Sync:
    relation = Relation("db", "main", table)
    model = Model(f"model.{package}.{table}", table, "model", "table", relation, "m.yml", None, package=package)
    return Sync(name, SyncType.USER_PROPERTIES, model, "main", {}, identity="user_id")


def entry(name: str, *, project: str | None, namespace: str, model: str, table: str) -> LogEntry:
    return LogEntry(
        HEAP, name, 1, "r", Step.CLOSED, "user_properties", model, f"db.main.{table}", "user_id", namespace,
        project=project, synced="synced_1",
    )  # fmt: skip


def owns(project: str, declared: list[Sync], asked: LogEntry, *others: LogEntry) -> bool:
    log = SyncLog({(HEAP, each.sync): each for each in (asked, *others)})
    return Owner(project, declared, frozenset()).owns(log, asked)


OURS = sync("people", "shop", "people")


@pytest.mark.parametrize(
    ("project", "of", "namespace", "model", "expected"),
    [
        ("shop", "shop", "crm.users", "model.crm.users", True),  # written down: nothing else counts
        ("shop", "crm", "shop.users", "model.shop.users", False),
        ("shop", None, "shop.users", "model.kit.users", True),  # an installed package
        ("shop", None, "crm.users", "model.shop.users", False),  # ours, installed and synced by another project
        ("shop", None, ".users", "model.shop.users", True),  # synced from a manifest without a project's name
        ("shop", None, ".users", "model.kit.users", False),
        ("", None, "shop.users", "model.kit.users", True),  # this project has no name, and its models have a package
        ("", None, ".users", "model.kit.users", True),
        ("", "crm", "crm.users", "model.crm.users", False),
    ],
)
def test_owner_is_what_the_log_says_else_the_namespace(
    project: str, of: str | None, namespace: str, model: str, expected: bool
) -> None:
    asked = entry("users", project=of, namespace=namespace, model=model, table="users")
    assert owns(project, [OURS], asked) is expected


def test_former_name_is_known_by_a_sync_that_kept_name_and_relation() -> None:
    asked = entry("users", project=None, namespace="store.users", model="model.store.users", table="users")
    kept = entry("people", project=None, namespace="store.people", model="model.store.people", table="people")
    taken = entry("people", project=None, namespace="store.other", model="model.store.other", table="people")
    assert owns("shop", [OURS], asked, kept)
    assert not owns("shop", [OURS], asked, taken)


def test_project_without_a_known_name_checks_nothing() -> None:
    other = entry("people", project="crm", namespace="crm.people", model="model.crm.people", table="people")
    Owner("", [OURS], frozenset()).raise_if_foreign(OURS, other, bound=True)
    Owner("shop", [OURS], frozenset(), assumed=True).raise_if_foreign(OURS, other, bound=True)
    with pytest.raises(StateError, match="belongs to the dbt project crm, and this project is shop"):
        Owner("shop", [OURS], frozenset()).raise_if_foreign(OURS, other, bound=True)
