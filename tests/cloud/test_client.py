"""Every answer of the dbt platform's API, however bad, becomes a clear error that never contains the token."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dbt_heap.cloud.api import PIECE_BYTES, DbtCloud
from dbt_heap.cloud.credentials import Credentials, credentials_of
from dbt_heap.errors import CloudError, SettingsError
from dbt_heap.http.retry import BoundedRetry
from dbt_heap.project.settings import Settings
from tests.cloud.server import ACCOUNT, TOKEN, Asked, Reply, step
from tests.cloud.server import DbtCloud as Server


def retry(slept: list[float] | None = None) -> BoundedRetry:
    """Return a retry that tries twice more, without waiting."""
    note: Any = (lambda _: None) if slept is None else slept.append
    return BoundedRetry.of(60.0, retries=2, sleep=note, jitter=lambda: 1.0, clock=lambda: 0.0)


def client(cloud: Server, **options: Any) -> DbtCloud:
    credentials = Credentials(cloud.url, ACCOUNT, TOKEN, None, 7)
    return DbtCloud(credentials, **{"retry": retry(), **options})


def refusal(cloud: Server, call: Callable[[DbtCloud], Any] = lambda client: client.run(7), **options: Any) -> str:
    """Return the error of a call, which must not contain the token."""
    with client(cloud, **options) as dbt_cloud, pytest.raises(CloudError) as refused:
        call(dbt_cloud)
    assert TOKEN not in str(refused.value)
    return str(refused.value)


def answering(*replies: Reply) -> Callable[[Asked], Reply | None]:
    """Return a hook that gives these replies in order, and then the usual ones."""
    waiting = list(replies)
    return lambda _: waiting.pop(0) if waiting else None


def test_run_is_reported_with_its_steps(cloud: Server) -> None:
    cloud.add(7, step("build"))
    with client(cloud) as dbt_cloud:
        assert [each["index"] for each in dbt_cloud.run(7)["run_steps"]] == [1, 2, 3, 4]
    assert cloud.asked[0].query == {"include_related": '["run_steps", "job"]'}


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "the token in DBT_CLOUD_API_TOKEN is not accepted"),
        (403, "the token in DBT_CLOUD_API_TOKEN has no permission to read it"),
        (404, "dbt platform: run 7 does not exist. Check its ID, the account's ID and the host"),
        (418, "it answered with status 418"),
        (501, "it answered with status 501. Try again later"),
    ],
)
def test_permanent_error_is_reported_at_once(cloud: Server, status: int, said: str) -> None:
    cloud.hook = lambda _: Reply(status, f"you said {TOKEN}".encode())
    assert said in refusal(cloud)
    assert len(cloud.asked) == 1


@pytest.mark.parametrize(("status", "said"), [(429, "too many requests"), (503, "it answered with status 503")])
def test_temporary_errors_are_retried_for_a_while(cloud: Server, status: int, said: str) -> None:
    cloud.add(7)
    slept: list[float] = []
    cloud.hook = answering(Reply(status, headers={"Retry-After": "9"}), Reply(status))
    with client(cloud, retry=retry(slept)) as dbt_cloud:
        assert dbt_cloud.run(7)["id"] == 7
    assert slept[0] == 9.0
    cloud.hook = lambda _: Reply(status)
    assert said in refusal(cloud)


def test_retry_after_beyond_max_wait_is_not_waited_for(cloud: Server) -> None:
    cloud.hook = lambda _: Reply(429, headers={"Retry-After": "3600"})
    assert refusal(cloud) == "dbt platform: run 7: too many requests. Try again later"
    assert len(cloud.asked) == 1


def test_missing_answer_is_reported(cloud: Server) -> None:
    cloud.hook = lambda _: Reply(text=b" " * 1000, trickle=True)
    assert "did not arrive within 0 seconds" in refusal(cloud, body_seconds=0.2)
    with Server() as silent:
        silent._server.shutdown()  # it accepts connections and does not answer
        assert "did not answer in time. Try again later" in refusal(silent, timeout_seconds=0.1)
        silent._server.server_close()
        assert "refused the connection. Check --dbt-cloud-host (DBT_CLOUD_HOST)" in refusal(silent)


def test_answer_that_is_cut_off_is_requested_again(cloud: Server, tmp_path: Path) -> None:
    cloud.add(7, step("build"))
    cloud.hook = answering(Reply(text=b" " * 200_000, cut=5), Reply(text=b" " * 9, cut=5))
    with client(cloud) as dbt_cloud:
        assert dbt_cloud.artifact(7, 4, "manifest.json", tmp_path / "it")["nodes"] == {}
    cloud.hook = lambda _: Reply(text=b" " * 9, cut=5)
    assert refusal(cloud) == "dbt platform: run 7: the answer was cut off 3 times"


@pytest.mark.parametrize("text", [b'{"data": {"id"', b"<html>Sign in</html>", b"", b"[" * 100_000])
def test_invalid_json_is_reported(cloud: Server, text: bytes) -> None:
    cloud.hook = lambda _: Reply(text=text)
    assert "run 7 is incomplete or not JSON" in refusal(cloud)


@pytest.mark.parametrize("zipped", [False, True])
def test_body_beyond_the_limit_is_not_read_to_its_end(cloud: Server, tmp_path: Path, zipped: bool) -> None:
    text = b" " * 8_000_000
    packed = {"Content-Encoding": "gzip"} if zipped else {}
    cloud.hook = lambda _: Reply(text=gzip.compress(text) if zipped else text, headers=packed)
    into = tmp_path / "it"
    said = refusal(cloud, lambda client: client.artifact(7, 4, "manifest.json", into), max_bytes=1_000_000)
    assert said.endswith(
        "manifest.json of run 7, step 4 is larger than 1,000,000 bytes; dbt-heap did not read all of it"
    )
    assert into.stat().st_size <= 1_000_000 + PIECE_BYTES


def test_zipped_body_is_read(cloud: Server) -> None:
    cloud.hook = lambda _: Reply(text=gzip.compress(b'{"data": {"id": 7}}'), headers={"Content-Encoding": "gzip"})
    with client(cloud) as dbt_cloud:
        assert dbt_cloud.run(7) == {"id": 7}
    cloud.hook = lambda _: Reply(headers={"Content-Encoding": "gzip, gzip"})
    assert "has an encoding that dbt-heap did not request" in refusal(cloud)


def test_no_redirect_is_followed(cloud: Server) -> None:
    with Server() as other:
        cloud.hook = lambda _: Reply(302, headers={"Location": f"{other.url}/api/v2/accounts/{ACCOUNT}/runs/7/"})
        assert "dbt-heap follows no redirect because of the token" in refusal(cloud)
        assert other.asked == []


def test_netrc_does_not_replace_the_token(cloud: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    cloud.add(7)
    with client(cloud) as dbt_cloud:
        dbt_cloud.run(7)
    assert cloud.asked[0].headers["Authorization"] == f"Token {TOKEN}"


# Settings


def given(token: str = TOKEN, **settings: Any) -> Credentials:
    asked = {"dbt_cloud_host": "ab123.us1.dbt.com", "dbt_cloud_account_id": "1", "dbt_cloud_run_id": "7"}
    return credentials_of(Settings(project_dir=Path(), environ={"DBT_CLOUD_API_TOKEN": token}, **{**asked, **settings}))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("ab123.us1.dbt.com", "https://ab123.us1.dbt.com"),
        ("https://cloud.getdbt.com/", "https://cloud.getdbt.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_host_is_a_name_or_an_address(host: str, url: str) -> None:
    assert given(dbt_cloud_host=host).base_url == url


@pytest.mark.parametrize("host", ["http://cloud.getdbt.com", "user:s3cret@cloud.getdbt.com", "ftp://s3cret"])
def test_host_that_would_give_the_token_away_is_refused(host: str) -> None:
    with pytest.raises(SettingsError, match=r"--dbt-cloud-host \(DBT_CLOUD_HOST\) must ") as refused:
        given(dbt_cloud_host=host)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("number", ["7/../8", "-1", "seven", "1" * 30, "0", " "])
def test_id_is_a_number(number: str) -> None:
    with pytest.raises(SettingsError, match=r"--dbt-cloud-run-id \(DBT_CLOUD_RUN_ID\) must be a number"):
        given(dbt_cloud_run_id=number)


@pytest.mark.parametrize("token", ["s3cret\nX-Other: 1", "s3 cret", "s3crét"])
def test_token_that_is_invalid_in_a_header_is_refused_without_repeating_it(token: str) -> None:
    with pytest.raises(SettingsError, match="is not a valid token") as refused:
        given(token)
    assert "s3" not in str(refused.value)
    assert TOKEN not in repr(given())


def test_everything_missing_is_reported_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        credentials_of(Settings(project_dir=Path(), environ={}))
    said = str(refused.value)
    for name in ("DBT_CLOUD_HOST", "DBT_CLOUD_ACCOUNT_ID", "DBT_CLOUD_JOB_ID", "DBT_CLOUD_RUN_ID"):
        assert name in said and f"--{name.lower().replace('_', '-')}" in said
    assert "DBT_CLOUD_API_TOKEN" in said and "--dbt-cloud-api-token" not in said
