"""A listener whose syncs only note their job and wait for a file, so its tests need no dbt.

Arguments of `python -m tests.cloud.stub`: a folder, the exit code of the syncs, whether to catch up, and the jobs.
"""

from __future__ import annotations

import os
import sys

from dbt_heap.cloud.listener.queue import SECRET, ListenOptions
from dbt_heap.cloud.listener.server import log_to, serve

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
    folder, code, catch_up, *jobs = sys.argv[1:]
    options = ListenOptions(
        secret=os.environ[SECRET].strip(),
        command=[sys.executable, "-S", "-c", SYNC, folder, code],
        jobs=frozenset(map(int, jobs)),
        port=0,
        catch_up=catch_up == "yes",
    )
    log_to()
    # During the first delay, a test checks what waits for a retry.
    serve(options, ready=lambda url: print(url, flush=True), retry_seconds=(2.0, 0.5))


if __name__ == "__main__":
    main()
