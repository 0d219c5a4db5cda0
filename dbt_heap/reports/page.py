"""The report as HTML. Jinja escapes every value, and the page's policy runs only its own script.

The policy: https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CSP.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from dbt_heap import __version__
from dbt_heap.errors import counted
from dbt_heap.heap.rejects import Reason
from dbt_heap.reports.charts import OUTCOMES, counts, outcome_bar, timeline
from dbt_heap.reports.facts import Report
from dbt_heap.syncs.sync import Sync, SyncType

SHOWN_RUNS = 10  # in a sync's table of runs
_KINDS = {
    SyncType.USER_PROPERTIES: "users", SyncType.ACCOUNT_PROPERTIES: "accounts", SyncType.EVENTS: "events",
    SyncType.USER_DELETIONS: "deletions",
}  # fmt: skip


def page(report: Report) -> str:
    """Return the HTML page, which loads nothing from other hosts."""
    script, style = _part("page.js"), _part("page.css")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    runs = [run for each in report.syncs for run in each.all_runs]
    template = _environment().get_template("page.html")
    return template.render(
        report=report,
        timeline=timeline(runs),
        accepted=sum(run.accepted for run in runs),
        last={name: sum(getattr(run, name) for run in report.last_runs()) for name in OUTCOMES},
        still_rejected=sum(reject.rows for each in report.syncs for reject in each.rejects),
        version=__version__,
        script=script,
        style=style,
        policy=f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'",
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("dbt_heap.reports"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "code": _code,
        "count": lambda count: f"{count:,}",
        "instant": lambda instant: instant.strftime("%Y-%m-%d %H:%M"),
        "ago": _ago,
        "sentence": Reason.describe,
        "kind": lambda sync: _KINDS[sync.type],
    }
    environment.globals |= {
        "OUTCOMES": OUTCOMES, "SHOWN_RUNS": SHOWN_RUNS,
        "outcome_bar": outcome_bar, "counts": counts, "keys": _keys, "timeline": timeline,
    }  # fmt: skip
    return environment


def _keys(sync: Sync) -> list[tuple[str, str]]:
    """Return the fields of a record that are not properties, each with its column."""
    fields = [
        ("identity", sync.identity),
        ("Heap user id", sync.heap_user_id),
        ("account id", sync.account_id),
        ("event name", sync.event_name_column),
        ("time", sync.timestamp),
        ("session id", sync.session_id),
        ("idempotency key", sync.idempotency_key or ", ".join(sync.unique_key)),
        ("more properties", sync.properties_column),
    ]
    return [(what, column) for what, column in fields if column]


def _ago(instant: datetime, now: datetime) -> str:
    """Return how long ago an instant was, in words."""
    passed = max(now - instant, timedelta())
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if passed >= length:
            return f"{counted(passed // length, unit)} ago"
    return "just now"


def _code(text: str) -> Markup:
    """Return a sentence with the text between backticks as code."""
    code = Markup("<code>{}</code>")
    parts = text.split("`")
    if len(parts) % 2 == 0:  # an unclosed backtick
        return escape(text)
    return Markup().join(code.format(part) if place % 2 else escape(part) for place, part in enumerate(parts))


def _part(name: str) -> Markup:
    text = (files("dbt_heap.reports") / "templates" / name).read_text(encoding="utf-8")
    return Markup(text)  # nosec B704 # noqa: S704 - a file of ours
