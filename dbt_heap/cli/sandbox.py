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
    raise SettingsError("the sandbox needs more packages. Run: pip install 'dbt-heap[sandbox]'") from None

_DEFAULTS = SandboxOptions()


@click.command("sandbox")
@click.option("--host", default=_DEFAULTS.host, show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 chooses a free port.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for received data. Default: memory.",
)
@click.option("--latency-ms", type=click.IntRange(min=0), default=0, help="Delay of every response in milliseconds.")
@click.option(
    "--fault",
    "faults",
    default="",
    metavar="KIND:SHARE,...",
    help="Faults, such as 500:0.1,429:0.05,reset:0.02.",
)
@click.option("--seed", type=int, default=0, help="Seed of the faults, to repeat them.")
@click.option("--lenient", is_flag=True, help="Accept values that Heap does not document, such as booleans and nulls.")
@click.option("--no-bad-request-index", is_flag=True, help="Do not give the index of the bad record in a 400 response.")
@click.option("--max-body-bytes", type=click.IntRange(min=1), help="Respond with 413 to larger bodies.")
@click.option("--api-key", help="API key for deletions. Default: any key.")
@click.option("--deletion-seconds", type=click.FloatRange(min=0), default=0.0, help="Duration of a deletion.")
@click.option("--no-rate-limits", is_flag=True, help="Do not enforce rate limits.")
@click.option("--no-retry-after", is_flag=True, help="Omit Retry-After in 429 responses.")
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
    """Run a local server that behaves like Heap's API.

    Prints its address and runs until Ctrl-C. Set HEAP_BASE_URL to the address, and open it in a browser to see what it
    received. As JSON: GET /sandbox/users, /sandbox/accounts, /sandbox/events, /sandbox/requests.
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
