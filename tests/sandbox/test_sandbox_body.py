"""The bodies that Heap's documentation allows and forbids, as the JSON that a client would send."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from dbt_heap.sandbox.body import (
    ADD_ACCOUNT_PROPERTIES,
    ADD_USER_PROPERTIES,
    TRACK,
    Endpoint,
    MalformedError,
    first_error,
    parse,
)  # fmt: skip

EVENT = {"identity": "cust_1", "event": "Invoice Paid"}
USER = {"identity": "cust_1"}
ACCOUNT = {"account_id": "acct-9"}


def error(endpoint: Endpoint, body: object, **options: Any) -> str | None:
    return first_error(endpoint, parse(orjson.dumps(body)), **options)


def event(**fields: object) -> dict[str, object]:
    return {"app_id": "11", **EVENT, **fields}


def user(**fields: object) -> dict[str, object]:
    return {"app_id": "11", **USER, **fields}


def account(**fields: object) -> dict[str, object]:
    return {"app_id": "11", **ACCOUNT, **fields}


def by_user_id(user_id: object) -> dict[str, object]:
    return {"app_id": "11", "user_id": user_id, "event": "Invoice Paid"}


def bulk(plural: str, *records: object) -> dict[str, object]:
    return {"app_id": "11", plural: list(records)}


ALLOWED = {
    "an event of an identity": (TRACK, event()),
    "an event of a user id": (TRACK, by_user_id("901")),
    "the smallest user id": (TRACK, by_user_id("0")),
    "the largest user id": (TRACK, by_user_id(str(2**53 - 1))),
    "an event with all there is": (
        TRACK,
        event(session_id="7", idempotency_key="k", timestamp="2026-03-01T08:15:00Z", properties={"amount": 1.5}),
    ),
    "the longest identity": (TRACK, event(identity="é" * 255)),
    "the longest event name": (TRACK, event(event="e" * 1024)),
    "the longest property value": (TRACK, event(properties={"note": "v" * 1023})),
    "the longest property name": (TRACK, event(properties={"n" * 1023: 1})),
    "an offset": (TRACK, event(timestamp="2026-03-01T08:15:00.123456+05:30")),
    "an offset without colon": (TRACK, event(timestamp="2026-03-01T08:15:00-0800")),
    "a leap day": (TRACK, event(timestamp="2024-02-29T00:00:00Z")),
    "an array in an event": (TRACK, event(properties={"tags": ["a", 1]})),
    "empty properties": (TRACK, event(properties={})),
    "an empty text": (TRACK, event(properties={"note": ""})),
    "numbers of all forms": (TRACK, event(properties={"a": 0, "b": -1, "c": 1e-7, "d": 12345678901234567890})),
    "a key Heap does not know": (TRACK, event(library="server")),
    "a thousand events": (TRACK, bulk("events", *[EVENT] * 1000)),
    "no events": (TRACK, bulk("events")),
    "a user": (ADD_USER_PROPERTIES, user(properties={"Plan": "team", "Seats": 14, "email": "ana@example.org"})),
    "a user without properties": (ADD_USER_PROPERTIES, user()),
    "many users": (ADD_USER_PROPERTIES, bulk("users", USER, {"identity": "cust_2"})),
    "names that only hold a reserved one": (ADD_USER_PROPERTIES, user(properties={"idea": 1, "account_id": 2})),
    "an account": (ADD_ACCOUNT_PROPERTIES, account(properties={"Tier": "gold"}, library="looker")),
    "many accounts": (ADD_ACCOUNT_PROPERTIES, bulk("accounts", ACCOUNT)),
}

FORBIDDEN = {
    "a list": (TRACK, [], "postBody should be object"),
    "no app id": (TRACK, dict(EVENT), "postBody should have required property 'app_id'"),
    "a number for an app id": (TRACK, event(app_id=11), "postBody.app_id should be string"),
    "an empty app id": (TRACK, event(app_id=""), "postBody.app_id should NOT be shorter than 1 characters"),
    "an app id with a letter": (TRACK, event(app_id="11a"), 'postBody.app_id should match pattern "^[0-9]+$"'),
    "foreign digits": (TRACK, event(app_id="\u0661"), 'postBody.app_id should match pattern "^[0-9]+$"'),
    "events that are no list": (TRACK, {"app_id": "11", "events": {}}, "postBody.events should be array"),
    "1,001 events": (
        TRACK,
        bulk("events", *[EVENT] * 1001),
        "postBody.events should NOT have more than 1000 items",
    ),
    "1,001 users": (
        ADD_USER_PROPERTIES,
        bulk("users", *[USER] * 1001),
        "postBody.users should NOT have more than 1000 items",
    ),
    "1,001 accounts": (
        ADD_ACCOUNT_PROPERTIES,
        bulk("accounts", *[ACCOUNT] * 1001),
        "postBody.accounts should NOT have more than 1000 items",
    ),
    "an event that is a text": (TRACK, bulk("events", EVENT, "x"), "postBody.events[1] should be object"),
    "the index of the first bad one": (
        TRACK,
        bulk("events", EVENT, EVENT, EVENT, {**EVENT, "properties": []}, {}),
        "postBody.events[3].properties should be object",
    ),
    "a list for properties, alone": (
        TRACK,
        event(properties=[]),
        "postBody.events[0].properties should be object",
    ),
    "null for properties": (TRACK, event(properties=None), "postBody.events[0].properties should be object"),
    "an event without a user": (
        TRACK,
        {"app_id": "11", "event": "x"},
        "postBody.events[0] should have required property 'identity'",
    ),
    "an event of two": (
        TRACK,
        event(user_id="1"),
        "postBody.events[0] should match exactly one schema in oneOf",
    ),
    "a null identity": (TRACK, event(identity=None), "postBody.events[0].identity should be string"),
    "an empty identity": (
        TRACK,
        event(identity=""),
        "postBody.events[0].identity should NOT be shorter than 1 characters",
    ),
    "too long an identity": (
        TRACK,
        event(identity="i" * 256),
        "postBody.events[0].identity should NOT be longer than 255 characters",
    ),
    "a number for a user id": (TRACK, by_user_id(901), "postBody.events[0].user_id should be string"),
    "a name for a user id": (
        TRACK,
        by_user_id("ana"),
        'postBody.events[0].user_id should match pattern "^[0-9]{1,16}$"',
    ),
    "a negative user id": (
        TRACK,
        by_user_id("-1"),
        'postBody.events[0].user_id should match pattern "^[0-9]{1,16}$"',
    ),
    "too large a user id": (
        TRACK,
        by_user_id(str(2**53)),
        "postBody.events[0].user_id should be <= 9007199254740991",
    ),
    "no event name": (
        TRACK,
        {"app_id": "11", "identity": "a"},
        "postBody.events[0] should have required property 'event'",
    ),
    "an empty event name": (
        TRACK,
        event(event=""),
        "postBody.events[0].event should NOT be shorter than 1 characters",
    ),
    "too long an event name": (
        TRACK,
        event(event="e" * 1025),
        "postBody.events[0].event should NOT be longer than 1024 characters",
    ),
    "a number for an idempotency key": (
        TRACK,
        event(idempotency_key=1),
        "postBody.events[0].idempotency_key should be string",
    ),
    "a number for a session": (TRACK, event(session_id=1), "postBody.events[0].session_id should be string"),
    "epoch milliseconds": (
        TRACK,
        event(timestamp=1772352900000),
        "postBody.events[0].timestamp should be string",
    ),
    **{
        f"the timestamp {text!r}": (
            TRACK,
            event(timestamp=text),
            'postBody.events[0].timestamp should match format "date-time"',
        )
        for text in (
            "",
            "2026-03-01",
            "2026-03-01T08:15:00",
            "2026-03-01 08:15:00Z",
            "2026-13-01T08:15:00Z",
            "2026-02-29T08:15:00Z",
            "2026-03-01T24:15:00Z",
            "2026-03-01T08:15:00+25:00",
            "1772352900",
        )
    },
    "true": (TRACK, event(properties={"paid": True}), "postBody.events[0].properties.paid should be number,string"),
    "null": (TRACK, event(properties={"paid": None}), "postBody.events[0].properties.paid should be number,string"),
    "an object in properties": (
        TRACK,
        event(properties={"Ship to": {"city": "Bern"}}),
        "postBody.events[0].properties['Ship to'] should be number,string",
    ),
    "an array of objects": (
        TRACK,
        event(properties={"tags": [{}]}),
        "postBody.events[0].properties.tags should be number,string",
    ),
    "too long a value": (
        TRACK,
        event(properties={"it's": "v" * 1024}),
        "postBody.events[0].properties['it\\'s'] should NOT be longer than 1023 characters",
    ),
    "too long a name": (
        TRACK,
        event(properties={"n" * 1024: 1}),
        "postBody.events[0].properties property name should NOT be longer than 1023 characters",
    ),
    **{
        f"a property called {name}": (
            ADD_USER_PROPERTIES,
            user(properties={name: 1}),
            f"postBody.users[0].properties property name '{name}' is invalid",
        )
        for name in ("id", "ID", "iD", "user_id", "User_Id")
    },
    "a user without identity": (
        ADD_USER_PROPERTIES,
        {"app_id": "11", "user_id": "901"},
        "postBody.users[0] should have required property 'identity'",
    ),
    "an array in a user": (
        ADD_USER_PROPERTIES,
        user(properties={"tags": ["a"]}),
        "postBody.users[0].properties.tags should be number,string",
    ),
    "a second user without identity": (
        ADD_USER_PROPERTIES,
        bulk("users", USER, {}),
        "postBody.users[1] should have required property 'identity'",
    ),
    "an account without id": (
        ADD_ACCOUNT_PROPERTIES,
        {"app_id": "11"},
        "postBody.accounts[0] should have required property 'account_id'",
    ),
    "a number for an account id": (
        ADD_ACCOUNT_PROPERTIES,
        bulk("accounts", {"account_id": 9}),
        "postBody.accounts[0].account_id should be string",
    ),
    "false in an account": (
        ADD_ACCOUNT_PROPERTIES,
        account(properties={"Active": False}),
        "postBody.accounts[0].properties.Active should be number,string",
    ),
}


@pytest.mark.parametrize(("endpoint", "body"), ALLOWED.values(), ids=ALLOWED.keys())
def test_documented_requests_have_no_error(endpoint: Endpoint, body: object) -> None:
    assert error(endpoint, body) is None


@pytest.mark.parametrize(("endpoint", "body", "text"), FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_forbidden_requests_are_refused_with_the_reason(endpoint: Endpoint, body: object, text: str) -> None:
    assert error(endpoint, body) == text


@pytest.mark.parametrize(
    "body",
    [
        event(properties={"a": True, "b": None, "c": {"d": []}, "e": "v" * 2000}),
        event(timestamp="2026-03-01T08:15:00"),
        event(timestamp=1772352900000),
    ],
    ids=["values", "no offset", "epoch milliseconds"],
)
def test_lenient_sandbox_accepts_what_is_undocumented(body: object) -> None:
    assert error(TRACK, body) is not None
    assert error(TRACK, body, strict=False) is None


def test_lenient_sandbox_still_refuses_what_is_forbidden() -> None:
    assert error(TRACK, event(properties=[]), strict=False) == "postBody.events[0].properties should be object"


@pytest.mark.parametrize(
    ("endpoint", "body", "text"),
    [
        (TRACK, bulk("events", {**EVENT, "identity": "b"}, EVENT), "postBody.events[1].identity should NOT be valid"),
        (ADD_USER_PROPERTIES, user(), "postBody.users[0].identity should NOT be valid"),
        (ADD_ACCOUNT_PROPERTIES, account(), "postBody.accounts[0].account_id should NOT be valid"),
        (TRACK, event(identity="someone else", account_id="acct-9"), None),
    ],
)
def test_subject_in_refused_is_an_error(endpoint: Endpoint, body: object, text: str | None) -> None:
    assert error(endpoint, body, refused={"cust_1", "acct-9"}) == text


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{} {}", b'{"a": NaN}', b'"\\ud800"', b"\xff", b"[" * 1100 + b"]" * 1100, b"[" * 1010 + b"]" * 1010],
    ids=["empty", "open", "two", "NaN", "half a pair", "not UTF-8", "too deep", "deep"],
)
def test_body_that_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedError):
        parse(body)


@pytest.mark.parametrize("digits", ["1.10", "0.1000000000000000055511151231257827", "1e2", "-0", "9" * 40])
def test_numbers_keep_their_digits(digits: str) -> None:
    assert orjson.dumps(parse(digits.encode())) == digits.encode()
