"""The sandbox answers Heap's user deletion API, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from tests.project import HANGS_SECONDS

BASE = "/api/public/v0"


class Clock:
    """A clock that only the test advances."""

    now = 1_772_352_900.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    with running(SandboxOptions(clock=clock, api_key="k", deletion_seconds=60, rate_limits=False)) as sandbox:
        yield sandbox


def token(sandbox: Sandbox, app_id: str = "11", key: str = "k") -> requests.Response:
    return requests.post(f"{sandbox.url}{BASE}/auth_token", auth=(app_id, key), timeout=HANGS_SECONDS)


def bearer(sandbox: Sandbox, app_id: str = "11") -> dict[str, str]:
    return {"Authorization": f"Bearer {token(sandbox, app_id).json()['access_token']}"}


def request_deletion(sandbox: Sandbox, headers: dict[str, str], *users: dict[str, Any]) -> requests.Response:
    return requests.post(
        f"{sandbox.url}{BASE}/user_deletion", json={"users": users}, headers=headers, timeout=HANGS_SECONDS
    )


def status(sandbox: Sandbox, headers: dict[str, str], request_id: str) -> requests.Response:
    return requests.get(f"{sandbox.url}{BASE}/deletion_status/{request_id}", headers=headers, timeout=HANGS_SECONDS)


def track(sandbox: Sandbox, app_id: str, *events: dict[str, Any]) -> None:
    sent = {"app_id": app_id, "events": [{"event": "Paid", **each} for each in events]}
    assert requests.post(f"{sandbox.url}/api/track", json=sent, timeout=HANGS_SECONDS).status_code == 200


def test_completed_deletion_removes_users_from_every_app_id(sandbox: Sandbox, clock: Clock) -> None:
    track(sandbox, "11", {"identity": "ana"}, {"identity": "bo"}, {"user_id": "901"})
    track(sandbox, "12", {"identity": "ana"})
    headers = bearer(sandbox)
    answer = request_deletion(sandbox, headers, {"identity": "ana"}, {"user_id": 901})
    content = answer.json()
    assert (answer.status_code, content["status"]) == (201, "pending")
    assert content["deletion_request_location"].endswith(f"/deletion_status/{content['deletion_request_id']}")
    request_id = content["deletion_request_id"]
    assert status(sandbox, headers, request_id).json() == {"deletion_request_id": request_id, "status": "pending"}
    assert len(sandbox.users()) == 3
    clock.now += 61
    assert status(sandbox, headers, request_id).json()["status"] == "complete"
    assert [each["identity"] for each in sandbox.users()] == ["bo"]
    assert [each.get("identity") for each in sandbox.events()] == ["bo"]


def test_token_needs_only_the_key_and_lasts_five_minutes(sandbox: Sandbox, clock: Clock) -> None:
    wrong = token(sandbox, key="guessed")
    assert (wrong.status_code, wrong.json()) == (401, {"err": {"message": "Unauthorized"}})
    headers = bearer(sandbox)
    clock.now += 299
    assert request_deletion(sandbox, headers, {"identity": "ana"}).status_code == 201
    clock.now += 1
    late = request_deletion(sandbox, headers, {"identity": "ana"})
    assert (late.status_code, set(late.json())) == (401, {"error", "message"})
    assert request_deletion(sandbox, {}, {"identity": "ana"}).status_code == 401


def test_deletion_request_is_known_only_to_its_app_id(sandbox: Sandbox) -> None:
    request_id = request_deletion(sandbox, bearer(sandbox), {"identity": "ana"}).json()["deletion_request_id"]
    assert status(sandbox, bearer(sandbox, "12"), request_id).status_code == 404
    assert status(sandbox, bearer(sandbox), "nothing").status_code == 404


@pytest.mark.parametrize(
    ("users", "at"),
    [
        ([], "postBody.users"),
        ([{"identity": f"u{each}"} for each in range(10_001)], "postBody.users"),
        ([{"identity": "ana"}, {}], "postBody.users[1]"),
        ([{"identity": "ana", "user_id": 1}], "postBody.users[0]"),
        ([{"identity": 7}], "postBody.users[0].identity"),
        ([{"identity": "x" * 256}], "postBody.users[0].identity"),
        ([{"user_id": "901"}], "postBody.users[0].user_id"),
        ([{"user_id": True}], "postBody.users[0].user_id"),
    ],
)
def test_request_that_breaks_a_rule_is_refused_as_a_whole(
    sandbox: Sandbox, users: list[dict[str, Any]], at: str
) -> None:
    refusal = request_deletion(sandbox, bearer(sandbox), *users)
    assert (refusal.status_code, refusal.json()["err"]["message"].split(" ")[0]) == (400, at)
    assert sandbox.requests()[-1]["kept"] == 0


def test_fault_after_a_request_was_accepted_leaves_it_accepted(sandbox: Sandbox, clock: Clock) -> None:
    track(sandbox, "11", {"identity": "ana"}, {"identity": "bo"})
    headers = bearer(sandbox)
    sandbox.misbehave("500x1")
    assert request_deletion(sandbox, headers, {"identity": "bo"}).status_code == 500
    sandbox.misbehave("500-afterx1")
    assert request_deletion(sandbox, headers, {"identity": "ana"}).status_code == 500
    clock.now += 61
    assert token(sandbox).status_code == 200
    assert [each["identity"] for each in sandbox.users()] == ["bo"]
