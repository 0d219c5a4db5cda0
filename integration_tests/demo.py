"""Sync two days of a sample company's data to a local sandbox: `make demo` runs this file.

The demo prints each command before it runs it. You can type the same commands yourself in `build/demo`, a copy of the
integration project that each run of the demo replaces. In a terminal, the demo opens the sandbox page and keeps
the sandbox running until you press Enter.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
NOT_COPIED = shutil.ignore_patterns("target", "logs", "dbt_packages", "*.duckdb*", "__pycache__", "*.py", "*.sh")

Item = dict[str, Any]
open_url = build_opener(ProxyHandler({})).open  # the sandbox is on this machine, so no proxy is involved


@dataclass(frozen=True)
class Terminal:
    """The folder and the environment in which the demo runs commands."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str, exit_code: int = 0) -> None:
        """Print a command and run it. End the demo if the exit code is not the expected one."""
        print(f"\n$ {shlex.join(command)}", flush=True)
        code = subprocess.run(command, cwd=self.folder, env=self.environment, check=False).returncode
        if code != exit_code:
            sys.exit(f"\nThe demo failed: {command[0]} ended with exit code {code} instead of {exit_code}.")


def main(folder: Path) -> None:
    """Run the demo from start to end."""
    in_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    copy_project(folder)
    environment = clean_environment()
    terminal = Terminal(folder, environment)
    say(f"The sample project is in {shown(folder)}. Its warehouse is a DuckDB file.")
    terminal.run("dbt", "deps", "--quiet")
    terminal.run("dbt", "build", "--quiet")
    say("The models declare their syncs in YAML, in models/_models.yml. List them:")
    terminal.run("dbt-heap", "ls")
    with sandbox(folder, environment) as url:
        say("The sandbox is a local server that follows Heap's documented rules. All later commands send to it:")
        print("\n$ dbt-heap sandbox --port 0 &", flush=True)
        if in_terminal:
            print(f"$ export HEAP_BASE_URL={url}", flush=True)
        two_days(Terminal(folder, environment | {"HEAP_BASE_URL": url}), url)
        if in_terminal:
            stay(url, folder)
    if not in_terminal:
        say("In a terminal, the demo also opens the sandbox page and keeps the sandbox running until you press Enter.")


def two_days(terminal: Terminal, url: str) -> None:
    """Sync day 1 and day 2, then sync a third time with nothing to send."""
    say("Day 1: nothing was sent before, so dbt-heap sends every row.")
    terminal.run("dbt-heap", "sync")
    first, before = requests_at(url), users_at(url)

    say("Day 2: rows were added, changed, emptied and deleted. See what a sync would send:")
    terminal.run("dbt", "build", "--quiet", "--vars", "day: 2")
    terminal.run("dbt-heap", "plan")
    say(
        'dbt-heap sends only what is new or changed. One new user has the text "undefined" as its identity. Heap would '
        "merge all such users into one, so dbt-heap rejects this row and sends the others. The exit code is 1, so your "
        "scheduler reports it. (`allow_rejected: 1` in the declaration makes it a warning.)"
    )
    terminal.run("dbt-heap", "sync", exit_code=1)
    second, after = requests_at(url), users_at(url)
    terminal.run("dbt-heap", "rejects")

    say("Sync again: nothing changed, so dbt-heap sends nothing. It still reports the rejected row.")
    terminal.run("dbt-heap", "sync", exit_code=1)
    third = requests_at(url)
    summarize(url, {"day 1": first, "day 2": second[len(first) :], "again": third[len(second) :]})
    show_one_change(before, after)


def summarize(url: str, runs: dict[str, list[Item]]) -> None:
    """Print what the sandbox holds and how many requests each run sent."""
    say("Heap now holds:")
    for plural in ("users", "accounts", "events"):
        print(f"  {len(items(url, plural)):>6,} {plural}")
    say("dbt-heap sent:")
    for name, requests in runs.items():
        print(f"  {name:<6} {len(requests):>3} requests, {sum(each['records'] for each in requests):>6,} records")
    if runs["again"]:
        sys.exit("\nThe demo failed: the third sync had nothing to send but sent something.")


def show_one_change(before: dict[str, Item], after: dict[str, Item]) -> None:
    """Print the properties of one user that changed between the days."""
    identity = next(user for user in sorted(before) if before[user] != after[user])
    changed = {name: value for name, value in after[identity].items() if before[identity].get(name) != value}
    say(f"For the user {identity}, dbt-heap sent only the properties that changed:")
    for name, value in changed.items():
        print(f"  {name}: {before[identity].get(name, '(none)')} -> {value}")


def stay(url: str, folder: Path) -> None:
    """Open the sandbox page, say what to try, and keep the sandbox running until Enter is pressed."""
    open_page(url)
    say(f"See what Heap holds on the sandbox page: {url}")
    say("To explore the project yourself, type in another terminal:")
    print(f"\n  cd {shlex.quote(str(folder))}")
    print(f"  source {shlex.quote(os.path.relpath(Path(sys.prefix, 'bin', 'activate'), folder))}")
    print(f"  export HEAP_BASE_URL={url}")
    print("  echo usr_00025 | dbt-heap explain --key-file -\n  dbt-heap runs", flush=True)
    with suppress(EOFError, KeyboardInterrupt):
        input("\nPress Enter to stop the sandbox. ")


def open_page(url: str) -> None:
    """Open a page in the browser, if there is one. A browser's own output would mix with the demo's, so hide it."""
    subprocess.Popen(
        [sys.executable, "-m", "webbrowser", url],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


@contextmanager
def sandbox(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run a sandbox on a free port and yield its URL. It logs to sandbox.log."""
    log = folder / "sandbox.log"
    with log.open("w") as errors:
        server = subprocess.Popen(
            ["dbt-heap", "sandbox", "--port", "0"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, cwd=folder,
        )  # fmt: skip
    try:
        url = server.stdout.readline().strip() if server.stdout else ""
        if not url:
            sys.exit(f"The sandbox did not start:\n{log.read_text()}")
        yield url
    finally:
        server.terminate()
        server.communicate()


def users_at(url: str) -> dict[str, Item]:
    """Return each user's properties by identity."""
    return {user["identity"]: user["properties"] for user in items(url, "users")}


def requests_at(url: str) -> list[Item]:
    """Return all requests that the sandbox received."""
    return items(url, "requests")


def items(url: str, plural: str) -> list[Item]:
    """Return everything of one kind that the sandbox holds."""
    with open_url(f"{url}/sandbox/{plural}") as answer:
        listed: list[Item] = json.load(answer)
        return listed


def copy_project(folder: Path) -> None:
    """Replace `folder` with a new copy of the integration project that uses this repository as its package."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE, folder, ignore=NOT_COPIED)
    (folder / "packages.yml").write_text(f"packages:\n  - local: {json.dumps(str(ROOT))}\n")


def clean_environment() -> dict[str, str]:
    """Return this environment without settings of dbt and dbt-heap, with this Python's commands first on the PATH."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "HEAP_"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    return kept | {"PATH": path, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def shown(path: Path) -> str:
    """Return a path relative to the working directory, if it is below it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def say(text: str) -> None:
    """Print what the demo itself has to say, set apart from the output of commands."""
    print("\n" + textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False), flush=True)


def arguments() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0] + ".")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "demo", help="replaced by the demo")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main(arguments().folder.resolve())
    except KeyboardInterrupt:
        sys.exit("\nThe demo was interrupted.")
