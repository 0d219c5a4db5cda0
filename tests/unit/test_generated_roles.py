"""Guesses from names, classes and tests alone; what is written of them is pasted in tests/test_generate.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dbt_heap.syncs.columns import ValueClass
from dbt_heap.syncs.generate.model import Column, Proposal, Subject
from dbt_heap.syncs.generate.roles import propose
from dbt_heap.syncs.sync import SyncType

CLASSES = {"at": ValueClass.TIMESTAMP, "on": ValueClass.DATE, "json": ValueClass.JSON, "bytes": ValueClass.BYTES}


def subject(name: str, columns: str, **rest: Any) -> Subject:
    """A model; its columns are text, `column:class` is another class, `column!` is tested unique."""
    return Subject(name, tuple(map(column, columns.split())), **rest)


def column(text: str) -> Column:
    name, _, class_name = text.rstrip("!").partition(":")
    return Column(name, CLASSES.get(class_name, ValueClass.TEXT), unique=text.endswith("!"))


def keys(proposal: Proposal) -> dict[str, Any]:
    return {guess.key: guess.value for guess in proposal.keys}


def mapped(proposal: Proposal) -> dict[str, str]:
    return {each.name: each.column for each in proposal.properties if not each.doubt}


def doubts(proposal: Proposal) -> dict[str, str]:
    return {each.name: each.doubt for each in proposal.properties if each.doubt}


@pytest.mark.parametrize(
    "name, columns, expected",
    [
        ("dim_users", "user_id! plan created_at:at", {"type": "user_properties", "identity": "user_id"}),
        ("users", "user_id account_id plan signed_up_at:at", {"type": "user_properties", "identity": "user_id"}),
        ("dim_people", "id! plan", {"type": "user_properties", "identity": "id"}),
        ("dim_customers", "USER_KEY customerId plan", {"type": "user_properties", "identity": "customerId"}),
        ("dim_companies", "ID! tier", {"type": "account_properties", "account_id": "ID"}),
        ("accounts", "workspace_id tier renews_on:on", {"type": "account_properties", "account_id": "workspace_id"}),
        ("owners", "account_id! user_id tier", {"type": "account_properties", "account_id": "account_id"}),
        (
            "fct_orders",
            "order_id user_id updated_at:at created_at:at ordered_at:at total",
            {
                "type": "events",
                "identity": "user_id",
                "event_name": "Orders",
                "timestamp": "ordered_at",
                "unique_key": "order_id",
            },
        ),
        (
            "stg_product_events",
            "message_id person_id event_name tracked:at payload:json",
            {
                "type": "events",
                "identity": "person_id",
                "event_name_column": "event_name",
                "timestamp": "tracked",
                "unique_key": "message_id",
                "properties_column": "payload",
            },
        ),
        (
            "int_page_views",
            "pk! heap_user_id viewed_at:at url",
            {
                "type": "events",
                "heap_user_id": "heap_user_id",
                "event_name": "Page Views",
                "timestamp": "viewed_at",
                "unique_key": "pk",
            },
        ),
    ],
)
def test_drafted_type_and_column_roles(name: str, columns: str, expected: dict[str, str]) -> None:
    proposal = propose(subject(name, columns))
    assert keys(proposal) == expected
    assert all(guess.why for guess in proposal.keys)


def test_key_of_several_columns_may_be_dbts_unique_key() -> None:
    daily = subject("daily_usage", "user_id day:on minutes", key=("DAY", "user_id"))
    assert keys(propose(daily))["unique_key"] == ("user_id", "day")
    merged = subject("usage", "day:on user_id minutes", merged_by=("day",))
    assert "may as well be a day" in next(guess.why for guess in propose(merged).keys if guess.key == "unique_key")


def test_snapshot_row_is_sent_as_a_change() -> None:
    columns = "user_id! plan dbt_scd_id dbt_updated_at:at dbt_valid_from:at dbt_valid_to:at"
    proposal = propose(subject("snap_users", columns, snapshot=True))
    assert keys(proposal) == {
        "type": "events",
        "identity": "user_id",
        "event_name": "Users",
        "timestamp": "dbt_valid_from",
        "unique_key": "dbt_scd_id",
    }
    assert mapped(proposal) == {"Plan": "plan"}


def test_requested_type_counts() -> None:
    proposal = propose(subject("users", "user_id! plan signed_up_at:at"), SyncType.EVENTS)
    assert keys(proposal)["unique_key"] == "user_id"
    assert propose(subject("users", "user_id! plan"), SyncType.ACCOUNT_PROPERTIES).missing[0].key == "account_id"


def test_email_is_not_drafted_as_identity_and_the_gap_is_reported() -> None:
    (missing,) = propose(subject("leads", "email! plan")).missing
    assert missing.key == "identity" and "email is an email, which changes" in missing.why
    assert [each.key for each in propose(subject("leads", "plan at:at"), SyncType.EVENTS).missing] == [
        "identity",
        "unique_key",
    ]
    assert [each.key for each in propose(subject("users", "user_id! full_name")).missing] == ["properties"]


def test_column_whose_class_or_project_forbids_it_is_not_the_identity() -> None:
    floating = replace(column("user_id"), value_class=ValueClass.FLOAT)
    forbidden = replace(column("person_id"), forbidden_by="the pattern `person*`")
    found = propose(Subject("users", (floating, forbidden, column("member_id"), column("plan"))))
    assert keys(found)["identity"] == "member_id"
    assert "never_send forbids it by the pattern `person*`" in found.left_out["person_id"]


def test_drafted_property_names_are_readable_unique_and_not_reserved() -> None:
    columns = "user_id! lifetimeValue ARR app_version plan Plan PLAN id organization_id account_id picture:bytes"
    proposal = propose(subject("users", columns, account_id_property="Company"))
    assert mapped(proposal) == {
        "Lifetime Value": "lifetimeValue",
        "ARR": "ARR",
        "App Version": "app_version",
        "Plan": "plan",
        "Plan 2": "Plan",
        "Plan 3": "PLAN",
        "User ID": "id",
        "Organization ID": "organization_id",
        "Company": "account_id",
    }
    assert proposal.left_out == {"picture": "bytes are never sent"}


def test_personal_or_already_sent_columns_are_drafted_as_comments() -> None:
    columns = (
        "user_id! name full_name email work_phone street_address ssn date_of_birth internal_note _loaded plan tier"
    )
    taken = {(SyncType.USER_PROPERTIES, "main", "Plan"): "people", (SyncType.ACCOUNT_PROPERTIES, "main", "Tier"): "a"}
    proposal = propose(subject("users", columns, taken=taken))
    assert mapped(proposal) == {"Tier": "tier"}
    assert doubts(proposal) == {
        "Name": "may hold a person's name",
        "Full Name": "may hold a person's name",
        "email": "may hold an email",
        "Work Phone": "may hold a phone number",
        "Street Address": "may hold an address",
        "Ssn": "may hold an ID number",
        "Date Of Birth": "may hold a date of birth",
        "Internal Note": "may hold free text",
        "Loaded": "describes how the row was loaded",
        "Plan": "the sync people sends this property",
    }
    assert "Name" in mapped(propose(subject("accounts", "account_id! name")))


def test_project_with_several_environments_must_name_one() -> None:
    proposal = propose(subject("users", "user_id! plan", environments=("brand_a", "brand_b")))
    assert keys(proposal)["environment"] == "brand_a"
