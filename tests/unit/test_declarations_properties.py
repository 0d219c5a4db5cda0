"""Mistakes of properties, in the block and on columns: each row is one, with exactly what is said of it."""

from __future__ import annotations

import pytest

from tests.unit.declaring import FILE, Case, mistakes

EVENTS = "type: events, identity: user_id, event_name: Paid, unique_key: order_id"
USERS = "type: user_properties, identity: user_id, properties: [plan]"
ACCOUNTS = "type: account_properties, account_id: account, properties: [plan]"
PROPERTIES = "type: user_properties, identity: user_id, properties: "
PERSONAL = "[{name: phone, config: {tags: [pii]}}, {name: ssn, config: {meta: {contains_pii: true}}}, {name: plan}]"
NEVER = '{never_send: {tags: [pii], meta: [contains_pii], columns: ["*mail*"]}}'
TWO = "[{name: a, type: user_properties, identity: user_id, properties: [x]}, {name: b, " + EVENTS + "}]"
QUOTE = "YAML reads on, yes and true as true, off, no and false as false, null and ~ as nothing: quote it"

IN_THE_BLOCK = [
    Case(
        "no properties",
        "type: user_properties, identity: user_id",
        [
            (
                "meta.heap.properties: nothing would be sent: name at least one property here, or on a column as "
                "`meta: {heap: {property: Plan}}`"
            )
        ],
    ),
    Case(
        "no properties of an account",
        "type: account_properties, account_id: account, properties: []",
        [
            (
                "meta.heap.properties: nothing would be sent: name at least one property here, or on a column as "
                "`meta: {heap: {property: Plan}}`"
            )
        ],
    ),
    Case(
        "properties without value",
        PROPERTIES,
        [
            (
                'meta.heap.properties: a mapping `Heap name: column`, a list of columns and renames, or "*" is '
                "needed, found nothing"
            )
        ],
    ),
    Case(
        "properties as a text",
        PROPERTIES + "plan",
        [
            (
                'meta.heap.properties: a mapping `Heap name: column`, a list of columns and renames, or "*" is '
                "needed, found 'plan'"
            )
        ],
    ),
    Case(
        "properties as true",
        PROPERTIES + "true",
        [
            (
                'meta.heap.properties: a mapping `Heap name: column`, a list of columns and renames, or "*" is '
                "needed, found true"
            )
        ],
    ),
    Case(
        "a column that is nothing",
        PROPERTIES + "{Plan: }",
        ["meta.heap.properties.Plan: a text is needed, found nothing; if a word stands there, quote it"],
    ),
    Case(
        "a column that is a list",
        PROPERTIES + "{Plan: [a, b]}",
        ["meta.heap.properties.Plan: a text is needed, found a list"],
    ),
    Case(
        "a column with a quote",
        PROPERTIES + "{Plan: 'a\"b'}",
        ["meta.heap.properties.Plan: 'a\"b' holds '\"', which cannot be quoted safely"],
    ),
    Case(
        "a property that YAML read as true",
        PROPERTIES + "{on: plan}",
        [f"meta.heap.properties: a text is needed, found true: {QUOTE}"],
    ),
    Case(
        "a property that dbt wrote as true",
        PROPERTIES + "{'true': plan}",
        [f"meta.heap.properties: a text is needed, found true: {QUOTE}"],
    ),
    Case(
        "a property that dbt wrote as null",
        PROPERTIES + "[{'null': plan}]",
        ["meta.heap.properties[0]: a text is needed, found nothing; if a word stands there, quote it"],
    ),
    Case(
        "a column that YAML read as false",
        PROPERTIES + "[seats, no]",
        [f"meta.heap.properties[1]: a text is needed, found false: {QUOTE}"],
    ),
    Case(
        "a property that is a number",
        PROPERTIES + "{2026: plan}",
        ["meta.heap.properties: a text is needed, found the number 2026: quote it"],
    ),
    Case(
        "a property that is blank",
        PROPERTIES + "{' ': plan}",
        ["meta.heap.properties. : a text is needed, found a blank one"],
    ),
    Case(
        "a property that is too long",
        PROPERTIES + "{" + "x" * 1024 + ": plan}",
        [
            (
                "meta.heap.properties.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…: a property's"
                " name has at most 1023 characters in Heap, found one of 1024"
            )
        ],
    ),
    Case(
        "a reserved property",
        PROPERTIES + "{ID: plan}",
        [("meta.heap.properties.ID: Heap keeps the property 'ID', in any casing, for itself: choose another name")],
    ),
    Case(
        "a reserved property in a list",
        PROPERTIES + "[plan, {User_Id: uid}]",
        [
            (
                "meta.heap.properties[1]: Heap keeps the property 'User_Id', in any casing, for itself: choose "
                "another name"
            )
        ],
    ),
    Case(
        "a column with a reserved name",
        PROPERTIES + "[plan, user_id]",
        [
            (
                "meta.heap.properties[1]: Heap keeps the property 'user_id', in any casing, for itself: choose "
                "another name"
            )
        ],
    ),
    Case(
        "an item with two renames",
        PROPERTIES + "[seats, {Plan: plan, Tier: tier}]",
        ["meta.heap.properties[1]: one rename such as {Plan: plan} is needed, found 2 keys: one item each"],
    ),
    Case(
        "an item without rename",
        PROPERTIES + "[seats, {}]",
        ["meta.heap.properties[1]: one rename such as {Plan: plan} is needed, found 0 keys: one item each"],
    ),
    Case(
        "an item that is a list",
        PROPERTIES + "[seats, [plan]]",
        ["meta.heap.properties[1]: a text is needed, found a list"],
    ),
    Case(
        "a star in a list",
        PROPERTIES + "[seats, '*']",
        [
            (
                'meta.heap.properties[1]: "*" stands alone, as `properties: "*"`: other names stand on the '
                "columns themselves"
            )
        ],
    ),
    Case(
        "one property twice",
        PROPERTIES + "[plan, {plan: tier}]",
        [
            (
                "meta.heap.properties[1]: the property 'plan' is mapped already, to the column 'plan': leave one "
                "out or rename it"
            )
        ],
    ),
    Case(
        "a star where nothing is listed",
        PROPERTIES + "'*'",
        [('meta.heap.properties: "*" stands for the columns listed under the model\'s `columns:`, and none is listed')],
    ),
    Case(
        "a star with a reserved column",
        PROPERTIES + "'*'",
        [
            (
                "meta.heap.properties: Heap keeps the property 'id', in any casing, for itself: choose another "
                "name, or leave the column 'id' out with `except`"
            )
        ],
        columns="[{name: id}, {name: plan}]",
    ),
    Case(
        "a star whose columns are all used",
        PROPERTIES + "'*'",
        [
            (
                "meta.heap.properties: nothing would be sent: name at least one property here, or on a column as "
                "`meta: {heap: {property: Plan}}`"
            )
        ],
        columns="[{name: USER_ID}]",
    ),
    Case(
        "except without a star",
        USERS + ", except: [tier]",
        ['meta.heap.except: this key belongs to `properties: "*"` alone: leave it out'],
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
        ["meta.heap.except: a column or a list of columns is needed, found an empty list"],
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
                "columns.plan.meta.heap: the model itself has no `meta.heap`, so that nothing would send this "
                "column: give it a block"
            )
        ],
        columns="[{name: plan, config: {meta: {heap: {property: Plan}}}}]",
    ),
    Case(
        "an entry that is a text",
        USERS,
        ["columns.plan.meta.heap: true, or a mapping such as {property: Plan}, is needed, found 'Plan'"],
        columns="[{name: plan, config: {meta: {heap: Plan}}}]",
    ),
    Case(
        "an entry that is false",
        USERS,
        ["columns.plan.meta.heap: true, or a mapping such as {property: Plan}, is needed, found false"],
        columns="[{name: plan, config: {meta: {heap: false}}}]",
    ),
    Case(
        "an entry that is empty",
        USERS,
        [("columns.plan.meta.heap: true, or a mapping such as {property: Plan}, is needed, found an empty mapping")],
        columns="[{name: plan, config: {meta: {heap: {}}}}]",
    ),
    Case(
        "an entry with a misspelt key",
        USERS,
        [
            (
                "columns.plan.meta.heap.propertie: there is no such key, and the model has no sync of this name; "
                "did you mean `property`?"
            )
        ],
        columns="[{name: plan, config: {meta: {heap: {propertie: Plan}}}}]",
    ),
    Case(
        "an entry with one key too many",
        USERS,
        ["columns.plan.meta.heap.type: there is no such key; the only one is `property`"],
        columns="[{name: plan, config: {meta: {heap: {property: Plan, type: text}}}}]",
    ),
    Case(
        "an entry that YAML read as true",
        USERS,
        [f"columns.plan.meta.heap.property: a text is needed, found true: {QUOTE}"],
        columns="[{name: plan, config: {meta: {heap: {property: on}}}}]",
    ),
    Case(
        "an entry with a reserved name",
        USERS,
        [
            (
                "columns.plan.meta.heap.property: Heap keeps the property 'user_ID', in any casing, for itself: "
                "choose another name"
            )
        ],
        columns="[{name: plan, config: {meta: {heap: {property: user_ID}}}}]",
    ),
    Case(
        "a column whose own name is reserved",
        USERS,
        ["columns.Id.meta.heap: Heap keeps the property 'Id', in any casing, for itself: choose another name"],
        columns="[{name: Id, config: {meta: {heap: true}}}]",
    ),
    Case(
        "an entry that repeats the block",
        USERS,
        [
            (
                "columns.tier.meta.heap.property: the property 'plan' is mapped already, to the column 'plan': "
                "leave one out or rename it"
            )
        ],
        columns="[{name: tier, config: {meta: {heap: {property: plan}}}}]",
    ),
    Case(
        "an entry that names no sync of several",
        TWO,
        [("columns.plan.meta.heap: the model has several syncs: say which is meant, as in {a: {property: Plan}}")],
        columns="[{name: plan, config: {meta: {heap: {property: Plan}}}}]",
    ),
    Case(
        "an entry that is true among several",
        TWO,
        [("columns.plan.meta.heap: the model has several syncs: say which is meant, as in {a: {property: Plan}}")],
        columns="[{name: plan, config: {meta: {heap: true}}}]",
    ),
    Case(
        "an entry of a sync that is not there",
        TWO,
        [("columns.plan.meta.heap.c: there is no such key, and the model has no sync of this name; it has a and b")],
        columns="[{name: plan, config: {meta: {heap: {c: {property: Plan}}}}}]",
    ),
    Case(
        "an entry of a sync that is misspelt",
        "[{name: trial_users, " + USERS + "}, {name: trials, " + EVENTS + "}]",
        [
            (
                "columns.plan.meta.heap.trial_user: there is no such key, and the model has no sync of this name;"
                " did you mean `trial_users`?"
            )
        ],
        columns="[{name: plan, config: {meta: {heap: {trial_user: true}}}}]",
    ),
    Case(
        "an entry of a sync without property",
        TWO,
        ["columns.plan.meta.heap.a: true, or a mapping such as {property: Plan}, is needed, found 'Plan'"],
        columns="[{name: plan, config: {meta: {heap: {a: Plan}}}}]",
    ),
    Case(
        "an entry of a sync with a misspelt key",
        TWO,
        ["columns.plan.meta.heap.a.propery: there is no such key; did you mean `property`?"],
        columns="[{name: plan, config: {meta: {heap: {a: {propery: Plan}}}}}]",
    ),
    Case(
        "an entry of a sync that YAML read as false",
        TWO,
        [f"columns.plan.meta.heap: false is no sync's name: {QUOTE}"],
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
