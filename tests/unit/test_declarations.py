"""What a project declares: every form that is understood, and what is said of a project as a whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from dbt_heap.errors import DeclarationError
from dbt_heap.project.nodes import Model
from dbt_heap.syncs.declare import declare
from dbt_heap.syncs.sync import Allowance, Sync, SyncType
from tests.unit.declaring import FILE, declared, heap_vars, mistakes, models, one

EVENTS = "type: events, identity: user_id, event_name: Paid, unique_key: order_id"
USERS = "type: user_properties, identity: user_id, properties: [plan]"
ACCOUNTS = "type: account_properties, account_id: account, properties: [plan]"
LISTED = "[{name: user_id}, {name: plan}, {name: seats}, {name: secret}, {name: phone, config: {tags: [pii]}}]"
PROJECT = Path(__file__).parents[2] / "integration_tests"


def only(document: str, variables: str = "{}") -> Sync:
    (sync,) = declared(document, variables).syncs
    return sync


def properties(written: str, columns: str = "[]", variables: str = "{}", others: str = "") -> Any:
    """What users are sent with these `properties`."""
    heap = f"type: user_properties, identity: user_id, properties: {written}{others}"
    return dict(only(one(heap, columns), variables).properties)


def test_integration_project_is_declared() -> None:
    variables = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]["dbt_heap"]
    project = declared((PROJECT / "models" / "_models.yml").read_text(), yaml.safe_dump(variables))
    assert [(sync.name, str(sync.type)) for sync in project.syncs] == [
        ("heap_users", "user_properties"),
        ("trial_properties", "user_properties"),
        ("heap_accounts", "account_properties"),
        ("heap_orders", "events"),
        ("heap_product_events", "events"),
        ("trial_events", "events"),
    ]
    assert project.warnings == ()
    assert list(project.syncs[0].properties) == [
        "seats", "Plan", "Lifetime Value", "email", "Account ID", "City", "is_admin", "Signed Up At",
    ]  # fmt: skip


def test_project_without_models_declares_nothing() -> None:
    assert declare([], heap_vars()).syncs == ()


def test_properties_may_be_a_mapping() -> None:
    assert properties("{Plan: plan, Seats: seats}") == {"Plan": "plan", "Seats": "seats"}


def test_properties_may_be_a_list_of_columns_and_renames() -> None:
    assert properties("[seats, {Plan: plan}]") == {"seats": "seats", "Plan": "plan"}


def test_one_column_may_be_two_properties() -> None:
    assert properties("[plan, {Plan: plan}]") == {"plan": "plan", "Plan": "plan"}


def test_star_is_every_listed_column_that_nothing_else_uses() -> None:
    assert properties("'*'", "[{name: USER_ID}, {name: plan}, {name: seats}]") == {"plan": "plan", "seats": "seats"}


def test_star_leaves_out_the_keys_of_an_event() -> None:
    heap = (
        "type: events, identity: who, event_name_column: what, timestamp: at, unique_key: [day, line], "
        "session_id: s, idempotency_key: i, properties_column: more, properties: '*'"
    )
    columns = "[{name: who}, {name: what}, {name: at}, {name: day}, {name: line}, {name: s}, {name: i}, {name: more}, "
    assert only(one(heap, columns + "{name: total}]")).properties == {"total": "total"}


def test_except_removes_columns_from_a_star() -> None:
    assert properties("'*'", LISTED, others=", except: [secret, PHONE]") == {"plan": "plan", "seats": "seats"}
    assert properties("'*'", LISTED, others=", except: secret").keys() == {"plan", "seats", "phone"}


def test_star_never_includes_forbidden_columns() -> None:
    never = "{never_send: {tags: [pii], columns: ['SEC*']}}"
    assert properties("'*'", LISTED, never) == {"plan": "plan", "seats": "seats"}


def test_columns_add_to_what_the_block_says() -> None:
    columns = """[{name: plan, config: {meta: {heap: {property: Plan}}}}, {name: city, config: {meta: {heap: true}}}]"""
    assert properties("[seats]", columns) == {"seats": "seats", "Plan": "plan", "city": "city"}


def test_columns_alone_are_enough() -> None:
    columns = "[{name: plan, config: {meta: {heap: {property: Plan}}}}]"
    assert only(one("type: user_properties, identity: user_id", columns)).properties == {"Plan": "plan"}


def test_star_sends_a_column_under_its_declared_name() -> None:
    columns = "[{name: plan, config: {meta: {heap: {property: Plan}}}}, {name: city}]"
    assert properties("'*'", columns) == {"city": "city", "Plan": "plan"}


def test_columns_say_which_of_several_syncs_they_mean() -> None:
    heap = f"[{{name: a, type: user_properties, identity: user_id}}, {{name: b, {EVENTS}}}]"
    columns = "[{name: x, config: {meta: {heap: {a: {property: X}, b: true}}}}]"
    users, events = declared(one(heap, columns)).syncs
    assert (users.properties, events.properties) == ({"X": "x"}, {"x": "x"})


def test_column_entries_by_sync_name_work_with_a_single_block_too() -> None:
    columns = "[{name: seats, config: {meta: {heap: {m: {property: Seats}}}}}]"
    assert properties("[plan]", columns) == {"plan": "plan", "Seats": "seats"}


def test_sync_may_be_called_property() -> None:
    columns = "[{name: seats, config: {meta: {heap: {property: {property: Seats}}}}}]"
    assert only(one(f"name: property, {USERS}", columns)).properties == {"plan": "plan", "Seats": "seats"}


def test_events_may_have_no_properties() -> None:
    assert only(one(EVENTS)).properties == {}


def test_syncs_come_as_users_accounts_events_and_by_name() -> None:
    heap = f"[{{name: b, {EVENTS}}}, {{name: c, {ACCOUNTS}}}, {{name: a, {EVENTS}}}, {{name: d, {USERS}}}]"
    assert [sync.name for sync in declared(one(heap)).syncs] == ["d", "c", "a", "b"]


def test_sync_has_its_models_name_unless_declared_otherwise() -> None:
    assert only(one(USERS, model="people")).name == "people"
    assert only(one(f"[{{{USERS}}}]", model="people")).name == "people"
    assert only(one(f"name: v2.of-people, {USERS}", model="people")).name == "v2.of-people"


def test_disabled_block_sends_nothing_and_is_still_checked() -> None:
    assert declared(one(f"{USERS}, enabled: false")).syncs == ()
    assert len(mistakes(one(f"{USERS}, enabled: false, nulls: blnk"))) == 1


def test_disabled_block_may_send_what_another_sends() -> None:
    heap = f"[{{name: a, {USERS}}}, {{name: b, {USERS}, enabled: false}}]"
    assert [sync.name for sync in declared(one(heap)).syncs] == ["a"]


def test_omitted_keys_have_defaults() -> None:
    sync = only(one(USERS))
    assert sync == Sync("m", SyncType.USER_PROPERTIES, sync.model, "main", {"plan": "plan"}, identity="user_id")
    assert (sync.timezone, sync.allow_rejected, sync.max_rows) == ("UTC", Allowance(rows=0), None)


def test_every_key_of_an_event_is_understood() -> None:
    heap = (
        "type: events, name: paid, heap_user_id: visitor, event_name_column: what, timestamp: at, session_id: s, "
        "idempotency_key: i, unique_key: [day, line], properties: {Total: total}, properties_column: more, "
        "begin: 2026-01-31, lookback: 3 days, too_long: reject, null_identity: skip, timezone: Europe/Berlin, "
        "max_rows: '20%', allow_rejected: 5"
    )
    sync = only(one(heap))
    assert sync == Sync(
        name="paid",
        type=SyncType.EVENTS,
        model=sync.model,
        environment="main",
        properties={"Total": "total"},
        heap_user_id="visitor",
        event_name_column="what",
        timestamp="at",
        session_id="s",
        idempotency_key="i",
        unique_key=("day", "line"),
        properties_column="more",
        begin=date(2026, 1, 31),
        lookback=timedelta(days=3),
        reject_too_long=True,
        skip_null_identity=True,
        timezone="Europe/Berlin",
        max_rows=Allowance(share=0.2),
        allow_rejected=Allowance(rows=5),
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1 minute", timedelta(minutes=1)),
        ("12 hours", timedelta(hours=12)),
        ("3 days", timedelta(days=3)),
        ("2 weeks", timedelta(weeks=2)),
    ],
)
def test_lookback_is_a_number_and_a_unit(written: str, meant: timedelta) -> None:
    assert only(one(f"{EVENTS}, timestamp: at, lookback: {written}")).lookback == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0", Allowance(rows=0)),
        ("'7'", Allowance(rows=7)),
        ("0%", Allowance(share=0.0)),
        ("2.5%", Allowance(share=0.025)),
        ("100%", Allowance(share=1.0)),
    ],
)
def test_allowance_is_a_number_or_a_percentage(written: str, meant: Allowance) -> None:
    assert only(one(f"{USERS}, allow_rejected: {written}")).allow_rejected == meant


def test_plan_may_be_larger_than_the_state() -> None:
    assert only(one(f"{USERS}, max_rows: 200%")).max_rows == Allowance(share=2.0)


def test_date_as_text_in_the_manifest_is_read_as_a_date() -> None:
    for written in ("2026-01-31", "'2026-01-31'"):
        assert only(one(f"{EVENTS}, timestamp: at, begin: {written}")).begin == date(2026, 1, 31)


def test_only_a_snapshot_has_a_unique_key_of_its_own() -> None:
    tagged = f"[{{name: s, config: {{meta: {{heap: {{{EVENTS.replace(', unique_key: order_id', '')}}}}}}}}}]"
    assert only(f"snapshots: {tagged}").unique_key == ("dbt_scd_id",)
    assert only(f"snapshots: {tagged}", "{defaults: {unique_key: id}}").unique_key == ("id",)
    assert [key for _, _, key, _ in mistakes(f"models: {tagged}")] == ["meta.heap.unique_key"]


class TestEnvironments:
    ONE = '{environments: {shop: {prod: "1"}}}'
    WITH_MAIN = '{environments: {main: {prod: "1"}, club: {prod: "2"}}}'

    def test_only_one_is_the_default(self) -> None:
        assert only(one(USERS)).environment == "main"
        assert only(one(USERS), self.ONE).environment == "shop"

    def test_main_is_the_default_of_several_environments(self) -> None:
        assert only(one(USERS), self.WITH_MAIN).environment == "main"

    def test_block_may_name_another_environment_variable(self) -> None:
        assert only(one(f"{USERS}, environment: club"), self.WITH_MAIN).environment == "club"

    def test_two_may_get_the_same_property(self) -> None:
        heap = f"[{{name: a, {USERS}}}, {{name: b, {USERS}, environment: club}}]"
        assert len(declared(one(heap), self.WITH_MAIN).syncs) == 2

    def test_invalid_default_is_reported_once_where_it_is_declared(self) -> None:
        heap = f"[{{name: a, {USERS}}}, {{name: b, {EVENTS}}}]"
        assert mistakes(one(heap), '{environments: {club: {prod: "2"}}, defaults: {environment: klub}}') == [
            (
                "dbt_project.yml",
                "dbt_project.yml",
                "vars.dbt_heap.defaults.environment",
                "unknown environment 'klub': vars.dbt_heap.environments has club; did you mean `club`?",
            )
        ]


def version(number: int | None, *, latest: int | None, heap: dict[str, Any] | None = None) -> Model:
    """A version of the model `people`, with the block that is written on the model."""
    (model,) = models(f"models: [{{name: people, config: {{meta: {{heap: {{{USERS}}}}}}}}}]")
    own = model.heap if heap is None else heap
    return replace(model, package="shop", version=number, is_latest=number is not None and number == latest, heap=own)


class TestDefaults:
    def test_defaults_are_overridden_by_a_block(self) -> None:
        defaults = "{defaults: {timezone: Europe/Berlin, too_long: reject}}"
        assert only(one(USERS), defaults).timezone == "Europe/Berlin"
        assert only(one(f"{USERS}, timezone: UTC"), defaults).timezone == "UTC"
        assert only(one(f"{USERS}, timezone: UTC"), defaults).reject_too_long

    def test_count_only_where_they_suit_the_type(self) -> None:
        heap = f"[{{name: a, {USERS}}}, {{name: b, {EVENTS}, timestamp: at}}]"
        users, events = declared(one(heap), "{defaults: {nulls: blank, lookback: 3 days}}").syncs
        assert (users.blank_nulls, users.lookback) == (True, None)
        assert (events.blank_nulls, events.lookback) == (False, timedelta(days=3))

    def test_are_overridden_by_a_key_that_excludes_them(self) -> None:
        heap = "type: events, heap_user_id: visitor, event_name_column: what, unique_key: id"
        sync = only(one(heap), "{defaults: {identity: user_id, event_name: Paid}}")
        assert (sync.identity, sync.heap_user_id) == (None, "visitor")
        assert (sync.event_name, sync.event_name_column) == (None, "what")

    def test_time_keys_apply_only_to_events_with_a_time(self) -> None:
        defaults = "{defaults: {begin: 2026-01-01, lookback: 3 days}}"
        assert (only(one(EVENTS), defaults).begin, only(one(EVENTS), defaults).lookback) == (None, None)

    def test_may_except_columns_that_only_some_models_have(self) -> None:
        defaults = "{defaults: {except: [loaded_at]}}"
        assert properties("'*'", "[{name: plan}, {name: LOADED_AT}]", defaults) == {"plan": "plan"}
        assert properties("'*'", "[{name: plan}]", defaults) == {"plan": "plan"}
        assert properties("[plan]", "[]", defaults) == {"plan": "plan"}

    def test_mistakes_in_defaults_are_reported_once_where_they_are(self) -> None:
        heap = f"[{{name: a, {USERS}}}, {{name: b, {EVENTS}}}]"
        reported = mistakes(one(heap), "{defaults: {nulls: blnk, time_zone: UTC, type: events, user_id: id}}")
        assert {(model, file) for model, file, _, _ in reported} == {("dbt_project.yml", "dbt_project.yml")}
        assert [(key.removeprefix("vars.dbt_heap.defaults."), text) for _, _, key, text in reported] == [
            ("nulls", "must be 'omit' or 'blank', not 'blnk'; did you mean `blank`?"),
            ("time_zone", "unknown key; did you mean `timezone`?"),
            ("type", "this key cannot have a default: set it in each block"),
            (
                "user_id",
                "unknown key: `identity` names the column that holds Heap's identity, "
                "`heap_user_id` that of the Heap SDK's own numeric ID",
            ),
        ]


class TestAPropertyCalledTimestamp:
    def test_event_time_is_not_a_property_and_is_warned_of(self) -> None:
        project = declared(one(f"{EVENTS}, properties: {{timestamp: paid_at, Total: total}}, lookback: 1 day"))
        (sync,) = project.syncs
        assert (sync.timestamp, sync.properties) == ("paid_at", {"Total": "total"})
        assert project.warnings == (
            f"m ({FILE}): meta.heap.properties.timestamp: the column 'paid_at' is sent as the event's time, not as a "
            "property: set `timestamp` in the block instead",
        )

    def test_may_repeat_the_column_that_is_the_time_already(self) -> None:
        sync = only(one(f"{EVENTS}, timestamp: paid_at, properties: {{timestamp: PAID_AT}}"))
        assert (sync.timestamp, sync.properties) == ("paid_at", {})

    def test_overrides_a_default(self) -> None:
        sync = only(one(f"{EVENTS}, properties: {{timestamp: paid_at}}"), "{defaults: {timestamp: created_at}}")
        assert sync.timestamp == "paid_at"

    def test_time_of_users_is_a_property(self) -> None:
        assert properties("[timestamp]") == {"timestamp": "timestamp"}


def test_email_property_in_other_than_lower_case_is_warned_of() -> None:
    project = declared(one("type: user_properties, identity: user_id, properties: {EMail: mail, email: mail}"))
    assert project.warnings == (
        f"m ({FILE}): meta.heap.properties.EMail: Heap's email property is `email`, in lower case: 'EMail' creates "
        "another property",
    )


def test_disabled_block_is_not_warned_of() -> None:
    assert declared(one(f"{EVENTS}, properties: [timestamp], enabled: false")).warnings == ()


def test_key_may_be_a_never_send_column_because_it_is_not_sent() -> None:
    sync = only(one(EVENTS.replace("order_id", "phone")), "{never_send: {columns: [phone]}}")
    assert sync.unique_key == ("phone",)


def test_tag_counts_whatever_the_column_case() -> None:
    columns = "[{name: Phone, config: {tags: [pii]}}]"
    assert len(mistakes(one(f"{USERS}".replace("plan", "PHONE"), columns), "{never_send: {tags: [pii]}}")) == 1


class TestOfAWholeProject:
    TWO = f"""
        models:
          - name: people
            config: {{meta: {{heap: {{{USERS}}}}}}}
          - name: plans
            config: {{meta: {{heap: {{{USERS}}}}}}}
    """

    def test_one_property_sent_by_two_syncs_is_a_mistake(self) -> None:
        assert mistakes(self.TWO) == [
            (
                "plans",
                FILE,
                "meta.heap.properties[0]",
                f"the property 'plan' is sent by the sync 'people' too, of the model people ({FILE}), and each would "
                "overwrite the other: remove one",
            )
        ]

    def test_events_may_share_properties_and_accounts_may_share_users(self) -> None:
        shared = f"{EVENTS}, properties: [plan]"
        heap = f"[{{name: a, {USERS}}}, {{name: b, {ACCOUNTS}}}, {{name: c, {shared}}}, {{name: d, {shared}}}]"
        assert len(declared(one(heap)).syncs) == 4

    def test_two_syncs_with_one_name_are_a_mistake(self) -> None:
        document = self.TWO.replace("name: plans", "name: people").replace("[plan]", "[seats]", 1)
        assert mistakes(document) == [
            (
                "people",
                FILE,
                "meta.heap.name",
                f"the models people ({FILE}) and people ({FILE}) both declare a sync 'people': give one its own `name`",
            )
        ]

    def test_block_that_all_versions_inherit_counts_for_the_latest(self) -> None:
        versions = [version(each, latest=2) for each in (1, 2, 3)]
        (sync,) = declare(versions, heap_vars()).correct().syncs
        assert sync.model.full_name == "shop.people.v2"

    def test_block_on_one_version_counts_for_that_version(self) -> None:
        heap = version(1, latest=2).heap
        versions = [version(1, latest=2), version(2, latest=2, heap={**heap, "name": "two", "properties": ["seats"]})]
        assert [sync.name for sync in declare(versions, heap_vars()).correct().syncs] == ["people", "two"]
        (only,) = declare([version(1, latest=2)], heap_vars()).correct().syncs
        assert only.model.version == 1

    def test_versions_without_the_latest_are_named_with_what_to_do(self) -> None:
        with pytest.raises(DeclarationError) as reported:
            declare([version(1, latest=3), version(2, latest=3)], heap_vars()).correct()
        assert "the models shop.people.v1 (models/heap.yml) and shop.people.v2 (models/heap.yml) both" in str(
            reported.value
        )
        assert "keep the block on one version, or give each its own `name`" in str(reported.value)

    def test_models_of_one_name_in_two_packages_are_named_with_their_packages(self) -> None:
        ours, theirs = (replace(version(None, latest=None), package=each) for each in ("shop", "kit"))
        with pytest.raises(DeclarationError) as reported:
            declare([theirs, ours], heap_vars()).correct()
        assert "kit.people (models/heap.yml) and shop.people (models/heap.yml) both" in str(reported.value)
        assert "give one its own `name`" in str(reported.value)

    def test_long_names_that_begin_alike_are_a_mistake(self) -> None:
        long = "a_name_of_more_than_30_letters_"
        document = self.TWO.replace("people", f"{long}a").replace("plans", f"{long}b").replace("[plan]", "[seats]", 1)
        assert mistakes(document) == [
            (
                f"{long}b",
                FILE,
                "meta.heap.name",
                f"the view of this sync, {long[:30]}__synced, is also that of the sync '{long}a' of the model "
                f"{long}a ({FILE}): rename one, so the first 30 letters and digits differ",
            )
        ]

    def test_all_mistakes_are_reported_at_once_by_model_file_and_key(self) -> None:
        document = f"""
            models:
              - name: zebra
                config: {{meta: {{heap: {{{USERS}, nulls: blnk, timezone: Mars}}}}}}
              - name: ant
                config: {{meta: {{heap: [{{name: one, {EVENTS}, begin: soon}}, {{name: two, type: event}}]}}}}
              - name: bee
                columns: [{{name: wing, config: {{meta: {{heap: true}}}}}}]
        """
        with pytest.raises(DeclarationError) as reported:
            declare(models(document), heap_vars("{defaults: {max_rows: many}}"))
        assert str(reported.value).splitlines() == [
            "6 mistakes in the declarations:",
            f"  ant ({FILE}): meta.heap[0].begin: must be a date such as 2026-01-31, not 'soon'",
            f"  ant ({FILE}): meta.heap[1].type: must be 'user_properties', 'account_properties', 'events' or "
            "'user_deletions', not 'event'; did you mean `events`?",
            f"  bee ({FILE}): columns.wing.meta.heap: the model has no `meta.heap`, so this column is not sent: add "
            "a block to the model",
            "  dbt_project.yml (dbt_project.yml): vars.dbt_heap.defaults.max_rows: must be a number of rows from 1, "
            "or a percentage such as `20%`, not 'many'",
            f"  zebra ({FILE}): meta.heap.nulls: must be 'omit' or 'blank', not 'blnk'; did you mean `blank`?",
            f"  zebra ({FILE}): meta.heap.timezone: must be an IANA time zone such as Europe/Berlin, not 'Mars'",
        ]
