"""A listener whose syncs only note that they begin and wait for a file, so that its tests need no dbt: `python -m`.

Arguments: a folder, an exit code, whether to catch up, seconds of silence that are borne, the jobs. Connections are
closed for their silence once there is a file `close` in the folder, as soon as the test has opened them all.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from dbt_heap.cloud.listener import server
from dbt_heap.cloud.listener.options import SECRET, ListenOptions, log_to
from dbt_heap.cloud.listener.server import serve

SYNC = """
import sys, time
from pathlib import Path
folder, code, _, job = sys.argv[1:]
with (folder := Path(folder)).joinpath("begun").open("a") as begun:
    begun.write(job + "\\n")
while not (folder / "go").exists():
    time.sleep(0.02)
sys.exit(int(code))
"""


def main() -> None:
    """Serve until SIGTERM."""
    folder, code, catch_up, silence, *jobs = sys.argv[1:]
    server.SILENT_SECONDS = float(silence)
    silent = server.Connection._close_if_silent

    def close_once_told(held: server.Connection) -> None:
        if Path(folder, "close").exists():
            silent(held)
        else:
            held._timer = held.loop.call_later(0.05, held._close_if_silent)

    server.Connection._close_if_silent = close_once_told  # type: ignore[method-assign, assignment]
    options = ListenOptions(
        secret=os.environ[SECRET].strip(),
        command=[sys.executable, "-S", "-c", SYNC, folder, code],
        jobs=frozenset(map(int, jobs)),
        port=0,
        catch_up=catch_up == "yes",
    )
    log_to()
    # In the first delay a test looks at what waits.
    serve(options, ready=lambda url: print(url, flush=True), delays=(2.0, 0.5))


if __name__ == "__main__":
    main()
