"""`dbt-heap report`: one page with the outcome of each sync that loads nothing and runs only its own script."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Outcome, Project
from tests.warehouses import on_every_warehouse

USERS = {"type": "user_properties", "identity": "user_id", "properties": {"Plan": "plan", "Seats": "seats"}}
ORDERS = {"type": "events", "identity": "user_id", "event_name": "Order", "unique_key": "order_id"}
FORGED = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


class Page(HTMLParser):
    """A page as a browser reads it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.script = ""
        self._inside = ""
        self.feed(self.source)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.script += data
        elif self._inside != "style":
            self.words.append(data)

    def labels(self, tag: str) -> list[str]:
        """What all elements of a tag say to who cannot see them."""
        return [each["aria-label"] or "" for name, each in self.tags if name == tag and "aria-label" in each]


def reported(project: Project, *arguments: str) -> Page:
    """The page that a report makes, which is not warned of anything."""
    outcome = project.run("report", *arguments)
    [context] = outcome.stderr.splitlines()
    assert (outcome.exit_code, context.split(" · ")[0]) == (0, "shop")
    assert Path(outcome.stdout.strip()) == project.folder / "target" / "heap_report.html"
    return page_of(outcome)


def page_of(outcome: Outcome) -> Page:
    return Page(Path(outcome.stdout.strip()))


@pytest.fixture
def shop(project: Project) -> Project:
    """Two users, one of them under a placeholder, and one order."""
    rows = "select * from (values ('ana@corp.example', 'team', 3), ('undefined', 'free', 1)) as t(user_id, plan, seats)"
    project.table("heap_users", rows)
    project.table("heap_orders", "select 1 as order_id, 'ana@corp.example' as user_id")
    project.declare("heap_users", USERS)
    project.declare("heap_orders", ORDERS)
    return project


def test_report_shows_row_outcomes_changes_and_rejects(shop: Project) -> None:
    shop.sync()
    page = reported(shop)
    assert "1 of 2 syncs needs attention" in page.text
    assert "1 row was rejected. See which and why: dbt-heap rejects --select heap_users" in page.text
    assert "The identity is a placeholder: Heap would merge people by it." in page.text
    assert page.labels("svg").count("1 accepted, 1 rejected, 0 undelivered") == 2  # among all syncs, and among its runs
    assert "identity user_id Plan plan 1 Seats seats 1" in page.text
    assert "dbt-heap exposures" in page.text


@on_every_warehouse
def test_as_many_newest_runs_of_each_sync_are_shown_as_asked_for(shop: Project) -> None:
    del shop.nodes["model.shop.heap_orders"]
    for plan in ("a", "b", "c"):
        shop.sql(f"update heap_users set plan = '{plan}' where user_id <> 'undefined'")
        shop.sync()
    page = reported(shop, "--runs", "2")
    assert page.labels("svg").count("1 accepted, 0 rejected, 0 undelivered") == 3  # the third among all syncs


def test_page_has_no_value_and_no_key(shop: Project) -> None:
    shop.sync()
    page = reported(shop)
    assert "ana@corp.example" not in page.source
    assert "undefined" not in page.source.replace(page.script, "")
    assert "team" not in page.text


def test_page_loads_nothing_and_runs_only_its_own_script(shop: Project) -> None:
    shop.sync()
    page = reported(shop)
    assert not [tag for tag, each in page.tags if "src" in each or tag in ("link", "img", "iframe", "object")]
    assert all((each["href"] or "").startswith("#") for tag, each in page.tags if tag == "a")
    digest = base64.b64encode(hashlib.sha256(page.script.encode()).digest()).decode()
    (policy,) = (each["content"] for tag, each in page.tags if each.get("http-equiv") == "Content-Security-Policy")
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_hostile_names_are_shown_as_text(shop: Project) -> None:
    shop.declare("heap_users", {**USERS, "properties": {FORGED: "plan"}})
    shop.declare("heap_orders", {**ORDERS, "event_name": FORGED})
    shop.sync()
    page = reported(shop)
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not [each for tag, each in page.tags if tag == "img" or any(name.startswith("on") for name in each)]
    assert page.text.count(FORGED) >= 2


def test_without_results_the_page_says_so_and_shows_the_history(shop: Project) -> None:
    shop.sync()
    (shop.folder / "target" / "heap_results.json").unlink()
    outcome = shop.run("report")
    assert (
        outcome.exit_code == 0
        and "heap_results.json does not exist, so messages and changed properties are missing" in outcome.stderr
    )
    page = page_of(outcome)
    assert "Missing from this page" in page.text
    assert "1 accepted, 1 rejected, 0 undelivered" in page.labels("svg")
    assert shop.run("report", "--warn-error").exit_code == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "or is not JSON"),
        ('{"schema_version": 99}', "has version 99, written by a newer dbt-heap"),
        ('{"schema_version": 1}', "does not contain results"),
    ],
)
def test_results_that_cannot_be_read_are_named(shop: Project, content: str, told: str) -> None:
    shop.write()
    (shop.folder / "target" / "heap_results.json").write_text(content)
    outcome = shop.run("report")
    assert outcome.exit_code == 0 and told in outcome.stderr


def test_without_the_warehouse_the_page_uses_the_last_results(shop: Project) -> None:
    shop.sync()
    shop.profile(path=str(shop.folder))
    outcome = shop.run("report")
    assert outcome.exit_code == 0 and "The warehouse cannot be reached" in outcome.stderr
    page = page_of(outcome)
    assert "1 of 2 syncs needs attention" in page.text
    assert "The identity is a placeholder" in page.text


def test_results_of_another_target_are_left_out(shop: Project) -> None:
    shop.sync()
    file = shop.folder / "target" / "heap_results.json"
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"target": "prod"}))
    outcome = shop.run("report")
    assert "is from target prod, not from dev, so it is ignored." in outcome.stderr


def test_page_shows_declarations_before_the_first_sync(shop: Project) -> None:
    page = page_of(shop.run("report"))
    assert "No sync has run yet" in page.text and "Plan plan" in page.text


def test_page_is_written_to_the_given_path(shop: Project, heap: Sandbox) -> None:
    shop.sync()
    wanted = shop.folder / "for_the_board.html"
    assert shop.run("report", "-o", str(wanted)).stdout.strip() == str(wanted)
    refused = shop.run("report", "-o", str(shop.folder / "nowhere" / "page.html"))
    assert refused.exit_code == 2 and "cannot be written: No such file" in refused.stderr
