"""dbt-heap in two days of one company: build, sync, change, sync again. `make demo` runs it.

Every command is shown before it is run, and can be typed by hand in the folder where all this happens: a copy of
this project, made anew each time and left behind to be looked at. Heap is a sandbox on this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
FOLDER = ROOT / "build" / "demo"
NOT_COPIED = shutil.ignore_patterns("target", "logs", "dbt_packages", "*.duckdb*", "__pycache__", "*.py", "*.sh")

Item = dict[str, Any]
open_url = build_opener(ProxyHandler({})).open  # the sandbox is on this machine, whatever proxy the machine has


@dataclass(frozen=True)
class Terminal:
    """Where the commands are typed: a folder and its environment."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str, ends_with: int = 0) -> None:
        """Shows a command and runs it; the demo is over where its exit code surprises."""
        print(f"\n$ {shlex.join(command)}", flush=True)
        code = subprocess.run(command, cwd=self.folder, env=self.environment, check=False).returncode
        if code != ends_with:
            sys.exit(f"\nThe demo stops: {command[0]} ended with exit code {code}, not {ends_with}.")


def main() -> None:
    """The story, from top to bottom."""
    options = arguments()
    renew(FOLDER)
    environment = clean_environment()
    terminal = Terminal(FOLDER, environment)
    say(f"The project of the README stands in {FOLDER}: five tagged models, a DuckDB file as the warehouse.")
    terminal.run("dbt", "deps", "--quiet")
    terminal.run("dbt", "build", "--quiet")
    say("What is declared in the models' YAML:")
    terminal.run("dbt-heap", "ls")
    with sandbox(FOLDER, environment) as url:
        say("A sandbox stands in for Heap, and is as strict. Every later command sends there:")
        print(f"\n$ dbt-heap sandbox --port 0 &\n$ export HEAP_BASE_URL={url}", flush=True)
        two_days(Terminal(FOLDER, environment | {"HEAP_BASE_URL": url}), url)
        say(f"Where to look, in {FOLDER}:")
        print("  target/heap_results.json   what the last run did, for machines")
        print("  heap.duckdb                schema analytics_dbt_heap: what Heap acknowledged, every run, every reject")
        print("  models/_models.yml         the declarations")
        if options.stay:
            say(f"The sandbox stays: {url} (Enter ends it) ")
            input()


def two_days(terminal: Terminal, url: str) -> None:
    """Both days, and a third run that has nothing to do."""
    say("Day one. Nothing was ever sent, so every row is.")
    terminal.run("dbt-heap", "sync")
    first, before = requests_at(url), users_at(url)

    say("Day two: the company's next export, with rows added, changed, emptied and deleted.")
    terminal.run("dbt", "build", "--quiet", "--vars", "day: 2")
    terminal.run("dbt-heap", "plan")
    say('Only what is new or changed is sent. One signup bears the identity "undefined", under which Heap would merge')
    print("people for good: that row is held back, all others arrive, and the exit code is 1 so that somebody hears")
    print("of it (`allow_rejected: 1` in the declaration would make it a warning).")
    terminal.run("dbt-heap", "sync", ends_with=1)
    second, after = requests_at(url), users_at(url)
    terminal.run("dbt-heap", "rejects")

    say("Once more, with nothing new: nothing is sent, and the reject is still told.")
    terminal.run("dbt-heap", "sync", ends_with=1)
    third = requests_at(url)
    summary(url, {"day one": first, "day two": second[len(first) :], "once more": third[len(second) :]})
    one_change(before, after)


def summary(url: str, runs: dict[str, list[Item]]) -> None:
    """What Heap holds, and what it took to tell it."""
    say("What Heap holds now, and where the sandbox shows it:")
    for plural in ("users", "accounts", "events"):
        print(f"  {len(items(url, plural)):>6,} {plural:<9} {url}/sandbox/{plural}")
    say(f"What it took ({url}/sandbox/requests):")
    for name, requests in runs.items():
        print(f"  {name:<10} {len(requests):>3} requests, {sum(each['records'] for each in requests):>6,} records")
    if runs["once more"]:
        sys.exit("\nThe demo failed: the third run had nothing to send, and sent something.")


def one_change(before: dict[str, Item], after: dict[str, Item]) -> None:
    """One user between the days."""
    who = next(user for user in sorted(before) if before[user] != after[user])
    moved = {name: value for name, value in after[who].items() if before[who].get(name) != value}
    say(f"One user between the days, {who}; nothing else of it was sent:")
    for name, value in moved.items():
        print(f"  {name}: {before[who].get(name, 'nothing')} -> {value}")


@contextmanager
def sandbox(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """The URL of a sandbox on a free port, for as long as the block lasts; its log is sandbox.log."""
    log = folder / "sandbox.log"
    with log.open("w") as errors:
        command = ["dbt-heap", "sandbox", "--port", "0"]
        server = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, cwd=folder
        )
    try:
        url = server.stdout.readline().strip() if server.stdout else ""
        if not url:
            sys.exit(f"The sandbox did not start:\n{log.read_text()}")
        yield url
    finally:
        server.terminate()
        server.communicate()


def users_at(url: str) -> dict[str, Item]:
    """The properties of every user, by identity."""
    return {user["identity"]: user["properties"] for user in items(url, "users")}


def requests_at(url: str) -> list[Item]:
    """Every request so far."""
    return items(url, "requests")


def items(url: str, plural: str) -> list[Item]:
    """What the sandbox shows of one kind."""
    with open_url(f"{url}/sandbox/{plural}") as answer:
        listed: list[Item] = json.load(answer)
        return listed


def renew(folder: Path) -> None:
    """Makes `folder` a copy of this project, untouched by earlier runs; its package is this repository."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE, folder, ignore=NOT_COPIED)
    (folder / "packages.yml").write_text(f"packages:\n  - local: {json.dumps(str(ROOT))}\n")


def clean_environment() -> dict[str, str]:
    """This environment without what would point dbt or dbt-heap elsewhere; this Python's commands come first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "HEAP_"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    return kept | {"PATH": path, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def say(text: str) -> None:
    """A sentence of the demo itself, apart from what commands print."""
    print(f"\n{text}", flush=True)


def arguments() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--stay", action="store_true", help="keep the sandbox until Enter is pressed")
    return parser.parse_args()


if __name__ == "__main__":
    main()
