"""Exposures as text; that dbt takes them, and sees in them what they depend on, is in tests/test_dbt_features.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from dbt_heap.project.heap_vars import ExposureVars
from dbt_heap.project.nodes import Group
from dbt_heap.syncs.dbt_exposures import exposures, unreferable_reason
from tests.project import Project
from tests.unit.declaring import declared

MODELS = """
models:
  - name: orders
    config: {meta: {heap: {type: events, identity: user_id, event_name: Order Completed, unique_key: order_id,
                           properties: {Total: total, Coupon: coupon}, properties_column: details}}}
  - name: accounts
    config: {meta: {heap: {name: a.b-c, type: account_properties, account_id: account_id, properties: [tier]}}}
"""
ONE = "models: [{name: orders, config: {meta: {heap: {type: user_properties, identity: id, properties: [plan]}}}}]"
USERS = {"type": "user_properties", "identity": "user_id", "properties": {"Plan": "plan"}}


def test_sync_is_an_exposure_that_describes_what_is_sent() -> None:
    assert exposures(declared(MODELS).syncs, ExposureVars(), "shop") == (
        "# Written by dbt-heap. To update it: dbt-heap exposures --output-file <this file>\nexposures:\n  - name: "
        'a_b_c__to_heap\n    label: "Heap: a.b-c"\n    type: application\n    description: "Account properties '
        'with 1 property (tier), identified by `account_id`; dbt-heap sends them to the Heap environment main."\n  '
        "  depends_on:\n      - ref('accounts')\n    owner:\n      name: Heap\n  - name: orders__to_heap\n    "
        'label: "Heap: orders"\n    type: application\n    description: "Events `Order Completed` with 2 '
        "properties (Total, Coupon) and the keys of `details`, identified by `user_id`; dbt-heap sends them to the "
        "Heap environment main.\"\n    depends_on:\n      - ref('orders')\n    owner:\n      name: Heap\n"
    )


def test_order_of_syncs_does_not_matter_and_no_syncs_is_an_empty_list() -> None:
    syncs = declared(MODELS).syncs
    assert exposures(syncs[::-1], ExposureVars(), "shop") == exposures(syncs, ExposureVars(), "shop")
    assert yaml.safe_load(exposures([], ExposureVars(), "shop")) == {"exposures": []}


def test_flags_override_project_vars_and_an_email_needs_no_name(project: Project) -> None:
    project.declare("people", USERS)
    project.vars["exposures"] = {"owner_email": "data@example.org", "url": "https://heap.example.org"}
    (by_vars,) = yaml.safe_load(project.run("exposures").stdout)["exposures"]
    assert (by_vars["owner"], by_vars["url"]) == ({"email": "data@example.org"}, "https://heap.example.org")
    flags = ("--owner-name", "on", "--owner-email", "a@b.c", "--url", "https://x.y")
    (by_flags,) = yaml.safe_load(project.run("exposures", *flags).stdout)["exposures"]
    assert (by_flags["owner"], by_flags["url"]) == ({"name": "on", "email": "a@b.c"}, "https://x.y")
    project.vars["exposures"] = {"owner": "me"}
    ran = project.run("exposures")
    assert ran.exit_code == 2
    assert "vars.dbt_heap.exposures.owner: unknown key; did you mean `owner_name`?" in ran.stderr


GROWTH = Group("growth", "shop", owner_emails=("a@b.c",))


@pytest.mark.parametrize(
    ("group", "said", "owner"),
    [
        (Group("growth", "shop", "Growth", ("a@b.c", "d@e.f")), {}, {"name": "Growth", "email": ["a@b.c", "d@e.f"]}),
        (GROWTH, {}, {"email": "a@b.c"}),
        (GROWTH, {"owner_name": "Data"}, {"name": "Data"}),
        (Group("growth", "kit", "Kit"), {}, {"name": "Kit"}),
        (Group("sales", "shop", "Sales"), {}, {"name": "Heap"}),
        (Group("growth", "shop"), {}, {"name": "Heap"}),
    ],
)
def test_owner_is_the_owner_of_the_models_group(group: Group, said: dict[str, str], owner: dict[str, Any]) -> None:
    (sync,) = declared(ONE).syncs
    grouped = replace(sync, model=replace(sync.model, group="growth", package="shop"))
    others = [Group("growth", "other", "Other")] if group.package == "shop" and group.name == "growth" else []
    (found,) = yaml.safe_load(exposures([grouped], ExposureVars(**said), "shop", [*others, group]))["exposures"]
    assert found["owner"] == owner


def test_protected_model_is_skipped_only_if_its_package_restricts_access() -> None:
    (sync,) = declared(ONE).syncs
    protected = replace(sync.model, access="protected", package="kit")
    assert unreferable_reason(protected, "shop", lambda package: False) is None
    assert unreferable_reason(protected, "kit", lambda package: True) is None
    assert "the package kit" in (unreferable_reason(protected, "shop", lambda package: True) or "")
    assert unreferable_reason(replace(protected, access="public"), "shop", lambda package: True) is None


def test_check_exits_with_3_until_the_file_is_up_to_date(project: Project) -> None:
    project.vars.clear()  # no app id
    project.declare("people", USERS)
    file = project.folder / "heap_exposures.yml"
    check = ("exposures", "--check", "-o", str(file))
    assert (project.run(*check).exit_code, file.exists()) == (3, False)
    assert project.run("exposures", "--output-file", str(file)).exit_code == 0
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))  # as git may lay it
    assert project.run(*check).exit_code == 0
    project.declare("people", {**USERS, "properties": {"Plan": "plan", "Seats": "seats"}})
    ran = project.run(*check)
    assert ran.exit_code == 3 and "is outdated" in ran.stderr
    assert project.run("exposures", "--check").exit_code == 2
    assert [path.name for path in project.folder.glob("*heap_exposures*")] == [file.name]


@pytest.mark.parametrize(
    "place, reported",
    [
        ("dbt_project.yml", "was not written by dbt-heap and would be overwritten"),
        ("nowhere/heap.yml", "cannot be written: No such file"),
        ("target", "cannot be read: Is a directory"),
    ],
)
def test_file_that_is_not_a_sandbox_database_is_not_changed(project: Project, place: str, reported: str) -> None:
    project.declare("people", USERS)
    ran = project.run("exposures", "-o", str(project.folder / place))
    assert ran.exit_code == 2 and reported in ran.stderr
    assert "exposures" not in (project.folder / "dbt_project.yml").read_text()
