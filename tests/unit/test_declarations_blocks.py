"""Mistakes of a block's own keys: each row is one, with exactly what is said of it."""

from __future__ import annotations

import pytest

from tests.unit.declaring import FILE, Case, mistakes

EVENTS = "type: events, identity: user_id, event_name: Paid, unique_key: order_id"
USERS = "type: user_properties, identity: user_id, properties: [plan]"
ACCOUNTS = "type: account_properties, account_id: account, properties: [plan]"
BRANDS = '{environments: {shop: {prod: "1"}, club: {prod: "2"}}}'
QUOTE = "YAML reads on, yes and true as true, off, no and false as false, null and ~ as null; quote it"

FORM = [
    Case(
        "a block that is a text",
        "user_properties",
        ["meta.heap: must be a block, or a list of blocks, not 'user_properties'"],
    ),
    Case("no block at all", "null", ["meta.heap: must be a block, or a list of blocks, not null"]),
    Case("a block that is a number", "3", ["meta.heap: must be a block, or a list of blocks, not the number 3"]),
    Case("an empty list", "[]", ["meta.heap: must be a block, or a list of blocks, not an empty list"]),
    Case(
        "a list with a text",
        "[{" + USERS + "}, events]",
        [
            "meta.heap[0].name: a name is required because the model has several blocks",
            "meta.heap[1]: must be a block, not 'events'",
        ],
    ),
    Case(
        "an empty block",
        "{}",
        ["meta.heap.type: `type` is required: user_properties, account_properties, events or user_deletions"],
    ),
    Case(
        "a key that is none",
        EVENTS + ", propertys_column: x",
        ["meta.heap.propertys_column: unknown key; did you mean `properties_column`?"],
    ),
    Case(
        "a key of another spelling",
        EVENTS + ", Too-Long: reject",
        ["meta.heap.Too-Long: unknown key; did you mean `too_long`?"],
    ),
    Case(
        "a key like no other",
        USERS + ", frobnicate: 1",
        [
            (
                "meta.heap.frobnicate: unknown key. Keys for user_properties: type, name, enabled, environment, "
                "identity, properties, except, nulls, too_long, null_identity, timezone, max_rows, allow_rejected, "
                "renamed_from, log"
            )
        ],
    ),
    Case("a key that YAML read as true", USERS + ", on: plan", [f"meta.heap: true is not a valid key: {QUOTE}"]),
    Case(
        "the key user_id",
        "type: user_properties, user_id: user_id, identity: user_id, properties: [plan]",
        [
            (
                "meta.heap.user_id: unknown key: `identity` names the column that holds Heap's identity,"
                " `heap_user_id` that of the Heap SDK's own numeric ID"
            )
        ],
    ),
    Case("a key without value", USERS + ", nulls: ", ["meta.heap.nulls: must be 'omit' or 'blank', not null"]),
]

TYPE = [
    Case(
        "no type",
        "identity: user_id, properties: [plan]",
        ["meta.heap.type: `type` is required: user_properties, account_properties, events or user_deletions"],
    ),
    Case(
        "a type that is misspelt",
        "type: user_propertys, identity: user_id, properties: [plan]",
        [
            (
                "meta.heap.type: must be 'user_properties', 'account_properties', 'events' or 'user_deletions', not "
                "'user_propertys'; did you mean `user_properties`?"
            )
        ],
    ),
    Case(
        "a type like no other",
        "type: 7, identity: user_id, properties: [plan]",
        [
            (
                "meta.heap.type: must be 'user_properties', 'account_properties', 'events' or 'user_deletions', not "
                "the number 7"
            )
        ],
    ),
    Case(
        "deletions without an identity",
        "type: user_deletions",
        [
            (
                "meta.heap.identity: `identity` is required: the column with the identity of the user to delete (or "
                "`heap_user_id`: the column with the numeric ID that Heap's SDK assigns)"
            )
        ],
    ),
    Case(
        "a percentage of deletions",
        "type: user_deletions, identity: user_id, max_rows: 10%",
        [
            (
                "meta.heap.max_rows: must be a number of rows, not 10%: deletions have no rows in state to take a "
                "percentage of"
            )
        ],
    ),
    Case(
        "properties of deletions",
        "type: user_deletions, identity: user_id, properties: [plan]",
        [
            (
                "meta.heap.properties: this key belongs to events, user_properties and account_properties, but the "
                "type is user_deletions"
            )
        ],
    ),
    Case(
        "a timestamp of users",
        USERS + ", timestamp: at",
        ["meta.heap.timestamp: this key belongs to events, but the type is user_properties"],
    ),
    Case(
        "a unique key of accounts",
        ACCOUNTS + ", unique_key: account",
        ["meta.heap.unique_key: this key belongs to events, but the type is account_properties"],
    ),
    Case(
        "an account id of users",
        USERS + ", account_id: account",
        ["meta.heap.account_id: this key belongs to account_properties, but the type is user_properties"],
    ),
    Case(
        "nulls of events",
        EVENTS + ", nulls: blank",
        [("meta.heap.nulls: this key belongs to user_properties and account_properties, but the type is events")],
    ),
    Case(
        "an identity of accounts",
        ACCOUNTS + ", identity: user_id",
        [
            (
                "meta.heap.identity: this key belongs to events, user_properties and user_deletions, but the type "
                "is account_properties"
            )
        ],
    ),
    Case(
        "Heap's own id of users",
        "type: user_properties, heap_user_id: id, identity: user_id, properties: [plan]",
        ["meta.heap.heap_user_id: this key belongs to events and user_deletions, but the type is user_properties"],
    ),
]

NAME = [
    Case(
        "no name among several",
        "[{" + USERS + "}, {name: b, " + EVENTS + "}]",
        ["meta.heap[0].name: a name is required because the model has several blocks"],
    ),
    Case(
        "a name with a space",
        "name: 'my sync', " + USERS,
        ["meta.heap.name: must consist of letters, digits, _, - and ., not 'my sync'"],
    ),
    Case(
        "a name that is too long",
        "name: " + "x" * 101 + ", " + USERS,
        ["meta.heap.name: must have at most 100 characters, not 101"],
    ),
    Case(
        "a name that YAML read as true",
        "name: yes, " + USERS,
        [f"meta.heap.name: must be text, not true: {QUOTE}"],
    ),
    Case(
        "a name like an option",
        "name: --all, " + USERS,
        ["meta.heap.name: must consist of letters, digits, _, - and ., not '--all'"],
    ),
    Case(
        "a model's name that cannot be a sync's",
        USERS,
        [
            (
                "meta.heap.name: a name is required: the model's name must consist of letters, digits, _, - and ., "
                "not 'ürün tablosu'"
            )
        ],
        model="ürün tablosu",
    ),
    Case(
        "one name twice in a model",
        "[{name: a, " + USERS + "}, {name: a, " + EVENTS + "}]",
        ["meta.heap[1].name: another block of this model also has the name 'a': give each its own `name`"],
    ),
    Case(
        "two names with one view",
        "[{name: a-b, " + USERS + "}, {name: A_b, " + EVENTS + "}]",
        [
            (
                "meta.heap[1].name: the view of this sync, a_b__synced, is also that of the sync 'a-b' of the model "
                "m (models/heap.yml): rename one, so the first 30 letters and digits differ"
            )
        ],
    ),
]

WHO = [
    Case(
        "users without identity",
        "type: user_properties, properties: [plan]",
        ["meta.heap.identity: `identity` is required: the column with the user's identity"],
    ),
    Case(
        "accounts without id",
        "type: account_properties, properties: [plan]",
        ["meta.heap.account_id: `account_id` is required: the column with the account's ID"],
    ),
    Case(
        "events without an identity",
        "type: events, event_name: Paid, unique_key: order_id",
        [
            (
                "meta.heap.identity: `identity` is required: the column with the identity of the user who did it "
                "(or `heap_user_id`: the column with the numeric ID that Heap's SDK assigns)"
            )
        ],
    ),
    Case(
        "events of two identities",
        EVENTS + ", heap_user_id: heap_id",
        ["meta.heap.heap_user_id: `identity` is set too, and a block can only have one of them: remove one"],
    ),
    Case(
        "an identity that is a number",
        "type: user_properties, identity: 3, properties: [plan]",
        ["meta.heap.identity: must be text, not the number 3: quote it"],
    ),
    Case(
        "an identity that YAML read as false",
        "type: user_properties, identity: no, properties: [plan]",
        [f"meta.heap.identity: must be text, not false: {QUOTE}"],
    ),
    Case(
        "an identity that is a list",
        "type: user_properties, identity: [a, b], properties: [plan]",
        ["meta.heap.identity: must be text, not a list"],
    ),
    Case(
        "an identity that is blank",
        "type: user_properties, identity: ' ', properties: [plan]",
        ["meta.heap.identity: must not be blank"],
    ),
    Case(
        "an identity that would end its quotes",
        "type: user_properties, identity: 'a\" from b; drop table c; --', properties: [plan]",
        ["meta.heap.identity: 'a\" from b; drop table c; --' contains '\"', which cannot be quoted safely"],
    ),
    Case(
        "an identity with a backtick",
        "type: user_properties, identity: 'a`b', properties: [plan]",
        ["meta.heap.identity: 'a`b' contains '`', which cannot be quoted safely"],
    ),
    Case(
        "an identity with a line break",
        'type: user_properties, identity: "a\\nb", properties: [plan]',
        ["meta.heap.identity: 'a\\nb' contains '\\n', which cannot be quoted safely"],
    ),
    Case(
        "an identity that is too long",
        "type: user_properties, identity: " + "x" * 256 + ", properties: [plan]",
        ["meta.heap.identity: must have at most 255 characters, not 256"],
    ),
]

OF_EVENTS = [
    Case(
        "events without name",
        "type: events, identity: user_id, unique_key: order_id",
        [
            (
                "meta.heap.event_name: `event_name` is required: the name of every event (or `event_name_column`: "
                "the column that holds it)"
            )
        ],
    ),
    Case(
        "events of two names",
        EVENTS + ", event_name_column: action",
        [("meta.heap.event_name_column: `event_name` is set too, and a block can only have one of them: remove one")],
    ),
    Case(
        "an event name that YAML read as true",
        "type: events, identity: user_id, event_name: on, unique_key: order_id",
        [f"meta.heap.event_name: must be text, not true: {QUOTE}"],
    ),
    Case(
        "an event name that is a number",
        "type: events, identity: user_id, event_name: 404, unique_key: order_id",
        ["meta.heap.event_name: must be text, not the number 404: quote it"],
    ),
    Case(
        "an event name that is too long",
        "type: events, identity: user_id, event_name: " + "x" * 1025 + ", unique_key: order_id",
        ["meta.heap.event_name: must have at most 1024 characters, Heap's limit for event names, not 1025"],
    ),
    Case(
        "events without unique key",
        "type: events, identity: user_id, event_name: Paid",
        [
            (
                "meta.heap.unique_key: `unique_key` is required: the column, or the list of columns, that no two "
                "events share"
            )
        ],
    ),
    Case(
        "events whose key dbt may know",
        "type: events, identity: user_id, event_name: Paid",
        [
            (
                "meta.heap.unique_key: `unique_key` is required: the column, or the list of columns, that no two "
                "events share; dbt suggests order_id"
            )
        ],
        config={"primary_key": "[order_id]"},
    ),
    Case(
        "events whose key dbt knows in two ways",
        "type: events, identity: user_id, event_name: Paid",
        [
            (
                "meta.heap.unique_key: `unique_key` is required: the column, or the list of columns, that no two "
                "events share; dbt suggests order_id and line or day"
            )
        ],
        config={"primary_key": "[order_id, line]", "unique_key": "[day]"},
    ),
    Case(
        "a unique key that is an empty list",
        "type: events, identity: user_id, event_name: Paid, unique_key: []",
        ["meta.heap.unique_key: must be a column or a list of columns, not an empty list"],
    ),
    Case(
        "a unique key that repeats a column",
        "type: events, identity: user_id, event_name: Paid, unique_key: [a, b, a]",
        ["meta.heap.unique_key: the column 'a' is listed twice: remove one"],
    ),
    Case(
        "a unique key with a quote",
        "type: events, identity: user_id, event_name: Paid, unique_key: [a, 'b\"']",
        ["meta.heap.unique_key: 'b\"' contains '\"', which cannot be quoted safely"],
    ),
    Case(
        "begin without timestamp",
        EVENTS + ", begin: 2026-01-01",
        ["meta.heap.begin: `begin` needs `timestamp`: the column of the event's time"],
    ),
    Case(
        "lookback without timestamp",
        EVENTS + ", lookback: 3 days",
        ["meta.heap.lookback: `lookback` needs `timestamp`: the column of the event's time"],
    ),
    Case(
        "a begin that is no date",
        EVENTS + ", timestamp: at, begin: yesterday",
        ["meta.heap.begin: must be a date such as 2026-01-31, not 'yesterday'"],
    ),
    Case(
        "a begin that no calendar has",
        EVENTS + ", timestamp: at, begin: '2026-02-30'",
        ["meta.heap.begin: '2026-02-30' is not a date of the calendar"],
    ),
    Case(
        "a begin with a time",
        EVENTS + ", timestamp: at, begin: 2026-01-01 10:00:00",
        ["meta.heap.begin: must be a date such as 2026-01-31, not the date 2026-01-01T10:00:00"],
    ),
    Case(
        "a lookback without unit",
        EVENTS + ", timestamp: at, lookback: 3",
        [("meta.heap.lookback: must be a span such as `3 days`, in minutes, hours, days or weeks, not the number 3")],
    ),
    Case(
        "a lookback of months",
        EVENTS + ", timestamp: at, lookback: 3 months",
        [("meta.heap.lookback: must be a span such as `3 days`, in minutes, hours, days or weeks, not '3 months'")],
    ),
    Case(
        "a lookback of nothing",
        EVENTS + ", timestamp: at, lookback: 0 days",
        [("meta.heap.lookback: must be a span such as `3 days`, in minutes, hours, days or weeks, not '0 days'")],
    ),
    Case(
        "a lookback in short",
        EVENTS + ", timestamp: at, lookback: 3d",
        [("meta.heap.lookback: must be a span such as `3 days`, in minutes, hours, days or weeks, not '3d'")],
    ),
]

OPTIONS = [
    Case(
        "nulls that are misspelt",
        USERS + ", nulls: blnk",
        ["meta.heap.nulls: must be 'omit' or 'blank', not 'blnk'; did you mean `blank`?"],
    ),
    Case(
        "too_long as true",
        USERS + ", too_long: true",
        ["meta.heap.too_long: must be 'truncate' or 'reject', not true"],
    ),
    Case(
        "null_identity of another kind",
        USERS + ", null_identity: omit",
        ["meta.heap.null_identity: must be 'reject' or 'skip', not 'omit'"],
    ),
    Case("enabled as a text", USERS + ", enabled: 'false'", ["meta.heap.enabled: must be true or false, not 'false'"]),
    Case(
        "a time zone that is misspelt",
        USERS + ", timezone: Europe/Berln",
        [
            (
                "meta.heap.timezone: must be an IANA time zone such as Europe/Berlin, not 'Europe/Berln'; did"
                " you mean `Europe/Berlin`?"
            )
        ],
    ),
    Case(
        "a time zone as an offset",
        USERS + ", timezone: '+02:00'",
        ["meta.heap.timezone: must be an IANA time zone such as Europe/Berlin, not '+02:00'"],
    ),
    Case(
        "max_rows of nothing",
        USERS + ", max_rows: 0",
        [("meta.heap.max_rows: must be a number of rows from 1, or a percentage such as `20%`, not the number 0")],
    ),
    Case(
        "max_rows as a fraction",
        USERS + ", max_rows: 0.2",
        [("meta.heap.max_rows: must be a number of rows from 1, or a percentage such as `20%`, not the number 0.2")],
    ),
    Case(
        "max_rows as a text",
        USERS + ", max_rows: many",
        [("meta.heap.max_rows: must be a number of rows from 1, or a percentage such as `20%`, not 'many'")],
    ),
    Case(
        "allow_rejected below nothing",
        USERS + ", allow_rejected: -1",
        [
            (
                "meta.heap.allow_rejected: must be a number of rows from 0, or a percentage from `0%` to `100%`, "
                "not the number -1"
            )
        ],
    ),
    Case(
        "allow_rejected above all",
        USERS + ", allow_rejected: '150%'",
        [
            (
                "meta.heap.allow_rejected: must be a number of rows from 0, or a percentage from `0%` to `100%`, "
                "not '150%'"
            )
        ],
    ),
    Case(
        "allow_rejected as true",
        USERS + ", allow_rejected: true",
        [("meta.heap.allow_rejected: must be a number of rows from 0, or a percentage from `0%` to `100%`, not true")],
    ),
    Case(
        "an environment where there is one",
        USERS + ", environment: shop",
        [
            (
                "meta.heap.environment: unknown environment 'shop': the project has only main, because "
                "vars.dbt_heap.environments is not set"
            )
        ],
    ),
    Case(
        "an environment that is misspelt",
        USERS + ", environment: clubb",
        [
            (
                "meta.heap.environment: unknown environment 'clubb': vars.dbt_heap.environments has shop and "
                "club; did you mean `club`?"
            )
        ],
        variables=BRANDS,
    ),
    Case(
        "no environment among several",
        USERS,
        ["meta.heap.environment: must be shop or club: the project has several environments, and none is main"],
        variables=BRANDS,
    ),
    Case(
        "an environment that is a number",
        USERS + ", environment: 2",
        ["meta.heap.environment: must be text, not the number 2: quote it"],
    ),
    Case(
        "an ephemeral model",
        USERS,
        [("meta.heap: the model is ephemeral, so it has no table or view to read: materialize it as a table or view")],
        config={"materialized": "ephemeral"},
    ),
]


@pytest.mark.parametrize("case", [*FORM, *TYPE, *NAME, *WHO, *OF_EVENTS, *OPTIONS], ids=lambda case: case.title)
def test_mistake_says_where_what_was_found_and_what_to_do(case: Case) -> None:
    reported = mistakes(case.document, case.variables)
    assert {(model, file) for model, file, _, _ in reported} == {(case.model, FILE)}
    assert [f"{key}: {text}" for _, _, key, text in reported] == case.reported
