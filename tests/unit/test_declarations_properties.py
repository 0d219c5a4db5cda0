"""Mistakes of properties, in the block and on columns: each row is one, with exactly what is said of it."""

from __future__ import annotations

import pytest

from tests.unit.declaring import FILE, Case, mistakes

EVENTS = "type: events, identity: user_id, event_name: Paid, unique_key: order_id"
USERS = "type: user_properties, identity: user_id, properties: [plan]"
ACCOUNTS = "type: account_properties, account_id: account, properties: [plan]"
FORMS = 'meta.heap.properties: must be a mapping `Heap name: column`, a list of columns and renames, or "*", not '
PROPERTIES = "type: user_properties, identity: user_id, properties: "
PERSONAL = "[{name: phone, config: {tags: [pii]}}, {name: ssn, config: {meta: {contains_pii: true}}}, {name: plan}]"
NEVER = '{never_send: {tags: [pii], meta: [contains_pii], columns: ["*mail*"]}}'
TWO = "[{name: a, type: user_properties, identity: user_id, properties: [x]}, {name: b, " + EVENTS + "}]"
QUOTE = "YAML reads on, yes and true as true, off, no and false as false, null and ~ as null; quote it"

IN_THE_BLOCK = [
    Case(
        "no properties",
        "type: user_properties, identity: user_id",
        [
            (
                "meta.heap.properties: no property would be sent: add one here, or on a column as "
                "`meta: {heap: {property: Plan}}`"
            )
        ],
    ),
    Case(
        "no properties of an account",
        "type: account_properties, account_id: account, properties: []",
        [
            (
                "meta.heap.properties: no property would be sent: add one here, or on a column as "
                "`meta: {heap: {property: Plan}}`"
            )
        ],
    ),
    Case(
        "properties without value",
        PROPERTIES,
        [FORMS + "null"],
    ),
    Case(
        "properties as a text",
        PROPERTIES + "plan",
        [FORMS + "'plan'"],
    ),
    Case(
        "properties as true",
        PROPERTIES + "true",
        [FORMS + "true"],
    ),
    Case(
        "a column that is nothing",
        PROPERTIES + "{Plan: }",
        ["meta.heap.properties.Plan: must be text, not null: if you mean the word, quote it"],
    ),
    Case(
        "a column that is a list",
        PROPERTIES + "{Plan: [a, b]}",
        ["meta.heap.properties.Plan: must be text, not a list"],
    ),
    Case(
        "a column with a quote",
        PROPERTIES + "{Plan: 'a\"b'}",
        ["meta.heap.properties.Plan: 'a\"b' contains '\"', which cannot be quoted safely"],
    ),
    Case(
        "a property that YAML read as true",
        PROPERTIES + "{on: plan}",
        [f"meta.heap.properties: must be text, not true: {QUOTE}"],
    ),
    Case(
        "a property that dbt wrote as true",
        PROPERTIES + "{'true': plan}",
        [f"meta.heap.properties: must be text, not true: {QUOTE}"],
    ),
    Case(
        "a property that dbt wrote as null",
        PROPERTIES + "[{'null': plan}]",
        ["meta.heap.properties[0]: must be text, not null: if you mean the word, quote it"],
    ),
    Case(
        "a column that YAML read as false",
        PROPERTIES + "[seats, no]",
        [f"meta.heap.properties[1]: must be text, not false: {QUOTE}"],
    ),
    Case(
        "a property that is a number",
        PROPERTIES + "{2026: plan}",
        ["meta.heap.properties: must be text, not the number 2026: quote it"],
    ),
    Case(
        "a property that is blank",
        PROPERTIES + "{' ': plan}",
        ["meta.heap.properties. : must not be blank"],
    ),
    Case(
        "a property that is too long",
        PROPERTIES + "{" + "x" * 1024 + ": plan}",
        [
            (
                "meta.heap.properties.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…: must have at "
                "most 1023 characters, Heap's limit for property names, not 1024"
            )
        ],
    ),
    Case(
        "a reserved property",
        PROPERTIES + "{ID: plan}",
        [("meta.heap.properties.ID: Heap reserves the property name 'ID', in any casing: choose another name")],
    ),
    Case(
        "a reserved property in a list",
        PROPERTIES + "[plan, {User_Id: uid}]",
        [("meta.heap.properties[1]: Heap reserves the property name 'User_Id', in any casing: choose another name")],
    ),
    Case(
        "a column with a reserved name",
        PROPERTIES + "[plan, user_id]",
        [("meta.heap.properties[1]: Heap reserves the property name 'user_id', in any casing: choose another name")],
    ),
    Case(
        "an item with two renames",
        PROPERTIES + "[seats, {Plan: plan, Tier: tier}]",
        ["meta.heap.properties[1]: must be one rename such as {Plan: plan}, not 2 keys: write one item for each"],
    ),
    Case(
        "an item without rename",
        PROPERTIES + "[seats, {}]",
        ["meta.heap.properties[1]: must be one rename such as {Plan: plan}, not 0 keys: write one item for each"],
    ),
    Case(
        "an item that is a list",
        PROPERTIES + "[seats, [plan]]",
        ["meta.heap.properties[1]: must be text, not a list"],
    ),
    Case(
        "a star in a list",
        PROPERTIES + "[seats, '*']",
        [
            (
                'meta.heap.properties[1]: "*" cannot be in a list: write `properties: "*"`, and rename columns in '
                "their own `meta.heap`"
            )
        ],
    ),
    Case(
        "one property twice",
        PROPERTIES + "[plan, {plan: tier}]",
        [
            (
                "meta.heap.properties[1]: the property 'plan' is already mapped to the column 'plan': leave one "
                "out or rename it"
            )
        ],
    ),
    Case(
        "a star where nothing is listed",
        PROPERTIES + "'*'",
        [('meta.heap.properties: "*" sends the columns listed under the model\'s `columns:`, but none is listed')],
    ),
    Case(
        "a star with a reserved column",
        PROPERTIES + "'*'",
        [
            (
                "meta.heap.properties: Heap reserves the property name 'id', in any casing: choose another name, or "
                "leave the column 'id' out with `except`"
            )
        ],
        columns="[{name: id}, {name: plan}]",
    ),
    Case(
        "a star whose columns are all used",
        PROPERTIES + "'*'",
        [
            (
                "meta.heap.properties: no property would be sent: add one here, or on a column as "
                "`meta: {heap: {property: Plan}}`"
            )
        ],
        columns="[{name: USER_ID}]",
    ),
    Case(
        "except without a star",
        USERS + ", except: [tier]",
        ['meta.heap.except: this key only works with `properties: "*"`: remove it'],
        columns="[{name: tier}]",
    ),
    Case(
        "except of a column that is not listed",
        PROPERTIES + "'*', except: [teir, plan]",
        [("meta.heap.except: the column 'teir' is not listed under the model's `columns:`; did you mean `tier`?")],
        columns="[{name: tier}, {name: plan}]",
    ),
    Case(
        "except that is an empty list",
        PROPERTIES + "'*', except: []",
        ["meta.heap.except: must be a column or a list of columns, not an empty list"],
        columns="[{name: tier}]",
    ),
    Case(
        "two times of one event",
        EVENTS + ", timestamp: paid_at, properties: {timestamp: ordered_at}",
        [
            (
                "meta.heap.properties.timestamp: the property 'timestamp' is the event's time, and `timestamp` "
                "names another column, 'paid_at': leave one out or rename the property"
            )
        ],
    ),
]

ON_COLUMNS = [
    Case(
        "an entry of a model without block",
        "null",
        [
            (
                "columns.plan.meta.heap: the model has no `meta.heap`, so this column is not sent: add a block to "
                "the model"
            )
        ],
        columns="[{name: plan, config: {meta: {heap: {property: Plan}}}}]",
    ),
    Case(
        "an entry that is a text",
        USERS,
        ["columns.plan.meta.heap: must be true, or a mapping such as {property: Plan}, not 'Plan'"],
        columns="[{name: plan, config: {meta: {heap: Plan}}}]",
    ),
    Case(
        "an entry that is false",
        USERS,
        ["columns.plan.meta.heap: must be true, or a mapping such as {property: Plan}, not false"],
        columns="[{name: plan, config: {meta: {heap: false}}}]",
    ),
    Case(
        "an entry that is empty",
        USERS,
        [("columns.plan.meta.heap: must be true, or a mapping such as {property: Plan}, not an empty mapping")],
        columns="[{name: plan, config: {meta: {heap: {}}}}]",
    ),
    Case(
        "an entry with a misspelt key",
        USERS,
        [
            (
                "columns.plan.meta.heap.propertie: unknown key, and not the name of a sync of this model; "
                "did you mean `property`?"
            )
        ],
        columns="[{name: plan, config: {meta: {heap: {propertie: Plan}}}}]",
    ),
    Case(
        "an entry with one key too many",
        USERS,
        ["columns.plan.meta.heap.type: unknown key. The only key is `property`"],
        columns="[{name: plan, config: {meta: {heap: {property: Plan, type: text}}}}]",
    ),
    Case(
        "an entry that YAML read as true",
        USERS,
        [f"columns.plan.meta.heap.property: must be text, not true: {QUOTE}"],
        columns="[{name: plan, config: {meta: {heap: {property: on}}}}]",
    ),
    Case(
        "an entry with a reserved name",
        USERS,
        [
            (
                "columns.plan.meta.heap.property: Heap reserves the property name 'user_ID', in any casing: choose "
                "another name"
            )
        ],
        columns="[{name: plan, config: {meta: {heap: {property: user_ID}}}}]",
    ),
    Case(
        "a column whose own name is reserved",
        USERS,
        ["columns.Id.meta.heap: Heap reserves the property name 'Id', in any casing: choose another name"],
        columns="[{name: Id, config: {meta: {heap: true}}}]",
    ),
    Case(
        "an entry that repeats the block",
        USERS,
        [
            (
                "columns.tier.meta.heap.property: the property 'plan' is already mapped to the column 'plan': "
                "leave one out or rename it"
            )
        ],
        columns="[{name: tier, config: {meta: {heap: {property: plan}}}}]",
    ),
    Case(
        "an entry that names no sync of several",
        TWO,
        [("columns.plan.meta.heap: the model has several syncs: name the one you mean, as in {a: {property: Plan}}")],
        columns="[{name: plan, config: {meta: {heap: {property: Plan}}}}]",
    ),
    Case(
        "an entry that is true among several",
        TWO,
        [("columns.plan.meta.heap: the model has several syncs: name the one you mean, as in {a: {property: Plan}}")],
        columns="[{name: plan, config: {meta: {heap: true}}}]",
    ),
    Case(
        "an entry of a sync that is not there",
        TWO,
        [("columns.plan.meta.heap.c: unknown key, and not the name of a sync of this model; it has a and b")],
        columns="[{name: plan, config: {meta: {heap: {c: {property: Plan}}}}}]",
    ),
    Case(
        "an entry of a sync that is misspelt",
        "[{name: trial_users, " + USERS + "}, {name: trials, " + EVENTS + "}]",
        [
            (
                "columns.plan.meta.heap.trial_user: unknown key, and not the name of a sync of this model;"
                " did you mean `trial_users`?"
            )
        ],
        columns="[{name: plan, config: {meta: {heap: {trial_user: true}}}}]",
    ),
    Case(
        "an entry of a sync without property",
        TWO,
        ["columns.plan.meta.heap.a: must be true, or a mapping such as {property: Plan}, not 'Plan'"],
        columns="[{name: plan, config: {meta: {heap: {a: Plan}}}}]",
    ),
    Case(
        "an entry of a sync with a misspelt key",
        TWO,
        ["columns.plan.meta.heap.a.propery: unknown key; did you mean `property`?"],
        columns="[{name: plan, config: {meta: {heap: {a: {propery: Plan}}}}}]",
    ),
    Case(
        "an entry of a sync that YAML read as false",
        TWO,
        [f"columns.plan.meta.heap: false is not the name of a sync: {QUOTE}"],
        columns="[{name: plan, config: {meta: {heap: {no: true}}}}]",
    ),
]

FORBIDDEN = [
    Case(
        "a property whose column is tagged",
        PROPERTIES + "{Phone: phone}",
        [
            (
                "meta.heap.properties.Phone: the column 'phone' must not be sent: vars.dbt_heap.never_send "
                "forbids it by the column's tag `pii`"
            )
        ],
        columns=PERSONAL,
        variables=NEVER,
    ),
    Case(
        "a property whose column's meta forbids it",
        PROPERTIES + "[plan, SSN]",
        [
            (
                "meta.heap.properties[1]: the column 'SSN' must not be sent: vars.dbt_heap.never_send forbids it "
                "by the column's meta `contains_pii`"
            )
        ],
        columns=PERSONAL,
        variables=NEVER,
    ),
    Case(
        "a property whose column has a pattern",
        PROPERTIES + "[plan, Email]",
        [
            (
                "meta.heap.properties[1]: the column 'Email' must not be sent: vars.dbt_heap.never_send forbids "
                "it by the pattern `*mail*`"
            )
        ],
        columns=PERSONAL,
        variables=NEVER,
    ),
    Case(
        "an identity that is forbidden",
        "type: user_properties, identity: phone, properties: [plan]",
        [
            (
                "meta.heap.identity: the column 'phone' must not be sent: vars.dbt_heap.never_send forbids it by "
                "the column's tag `pii`"
            )
        ],
        columns=PERSONAL,
        variables=NEVER,
    ),
    Case(
        "an account that is forbidden",
        "type: account_properties, account_id: email, properties: [plan]",
        [
            (
                "meta.heap.account_id: the column 'email' must not be sent: vars.dbt_heap.never_send forbids it "
                "by the pattern `*mail*`"
            )
        ],
        columns=PERSONAL,
        variables=NEVER,
    ),
    Case(
        "an event's columns that are forbidden",
        "type: events, heap_user_id: mail_id, event_name_column: ssn, unique_key: a, "
        "timestamp: phone, session_id: mail, idempotency_key: PHONE",
        [
            (
                "meta.heap.event_name_column: the column 'ssn' must not be sent: vars.dbt_heap.never_send forbids"
                " it by the column's meta `contains_pii`"
            ),
            (
                "meta.heap.heap_user_id: the column 'mail_id' must not be sent: vars.dbt_heap.never_send forbids "
                "it by the pattern `*mail*`"
            ),
            (
                "meta.heap.idempotency_key: the column 'PHONE' must not be sent: vars.dbt_heap.never_send forbids"
                " it by the column's tag `pii`"
            ),
            (
                "meta.heap.session_id: the column 'mail' must not be sent: vars.dbt_heap.never_send forbids it by"
                " the pattern `*mail*`"
            ),
            (
                "meta.heap.timestamp: the column 'phone' must not be sent: vars.dbt_heap.never_send forbids it by"
                " the column's tag `pii`"
            ),
        ],
        columns=PERSONAL,
        variables=NEVER,
    ),
    Case(
        "an entry on a column that is forbidden",
        USERS,
        [
            (
                "columns.email.meta.heap.property: the column 'email' must not be sent: vars.dbt_heap.never_send "
                "forbids it by the pattern `*mail*`"
            )
        ],
        columns="[{name: email, config: {meta: {heap: {property: email}}}}]",
        variables=NEVER,
    ),
]


@pytest.mark.parametrize("case", [*IN_THE_BLOCK, *ON_COLUMNS, *FORBIDDEN], ids=lambda case: case.title)
def test_mistake_says_where_what_was_found_and_what_to_do(case: Case) -> None:
    reported = mistakes(case.document, case.variables)
    assert {(model, file) for model, file, _, _ in reported} == {(case.model, FILE)}
    assert [f"{key}: {text}" for _, _, key, text in reported] == case.reported
