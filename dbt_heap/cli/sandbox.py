"""`dbt-heap sandbox`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dbt_heap.errors import SettingsError
from dbt_heap.sandbox.options import SandboxOptions

try:
    from dbt_heap.sandbox.server import serve
except ImportError:
    raise SettingsError("the sandbox needs more packages: pip install 'dbt-heap[sandbox]'") from None

_DEFAULTS = SandboxOptions()


@click.command("sandbox")
@click.option("--host", default=_DEFAULTS.host, show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 takes a free one.")
@click.option("--data", type=click.Path(path_type=Path, dir_okay=False), help="Keep what arrives in this file.")
@click.option("--latency-ms", type=click.IntRange(min=0), default=0, help="Milliseconds before every answer.")
@click.option("--fault", "faults", default="", metavar="KIND:SHARE,...", help="Misbehave: 500:0.1,429:0.05,reset:0.02.")
@click.option("--seed", type=int, default=0, help="The same seed, the same faults.")
@click.option("--lenient", is_flag=True, help="Take values that Heap does not document, as booleans and nulls.")
@click.option("--no-bad-request-index", is_flag=True, help="Do not name the bad record in a 400.")
@click.option("--max-body-bytes", type=click.IntRange(min=1), help="Answer 413 to larger bodies.")
@click.option("--api-key", help="The key by which deletion is allowed. Default: any.")
@click.option("--deletion-seconds", type=click.FloatRange(min=0), default=0.0, help="Until a deletion is complete.")
@click.option("--no-rate-limits", is_flag=True, help="Never answer 429 of its own.")
@click.option("--no-retry-after", is_flag=True, help="Leave Retry-After out of a 429.")
@click.option("--events-per-minute", type=click.IntRange(min=1), default=_DEFAULTS.events_per_minute, show_default=True)
@click.option(
    "--events-per-minute-and-identity",
    type=click.IntRange(min=1),
    default=_DEFAULTS.events_per_minute_and_identity,
    show_default=True,
)
@click.option("--single-calls", type=click.IntRange(min=1), default=_DEFAULTS.single_calls, show_default=True)
@click.option(
    "--limit-seconds", type=click.FloatRange(min=0, min_open=True), default=_DEFAULTS.limit_seconds, show_default=True
)
def command(
    lenient: bool, no_bad_request_index: bool, no_rate_limits: bool, no_retry_after: bool, faults: str, **rest: Any
) -> None:
    """Run a local server that accepts what Heap documents and refuses what it forbids.

    Prints its address, then serves until Ctrl-C. Point HEAP_BASE_URL at it, and a browser to see what it holds. The
    same as JSON: GET /sandbox/users, /sandbox/accounts, /sandbox/events, /sandbox/requests.
    """
    options = SandboxOptions(
        faults=faults,
        strict=not lenient,
        bad_request_index=not no_bad_request_index,
        rate_limits=not no_rate_limits,
        retry_after=not no_retry_after,
        **rest,
    )
    serve(options, ready=click.echo)
