"""Commands and options of other tools, to suggest the counterpart here.

dbt's own: https://docs.getdbt.com/reference/dbt-commands and
https://docs.getdbt.com/reference/global-configs/about-global-configs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import click

from dbt_heap.errors import nearest, printable

_SYNC = "to send, type: dbt-heap sync"
_PLAN = "to see what would be sent, type: dbt-heap plan"
_CHECK = "to check declarations, type: dbt-heap check (dbt's own tests run with `dbt test`)"
_RUNS = "to see earlier runs, type: dbt-heap runs"
_LS = "to list the declared syncs, type: dbt-heap ls"
_DBT = "this command is dbt's: dbt-heap reads what dbt built. Type `dbt {}`, then: dbt-heap sync"
_LATER = "it is not available in this version"

_COMMANDS = {
    _SYNC: "run send push start trigger execute deploy apply upload activate load",
    "an interrupted sync resumes on the next run; type: dbt-heap sync": "resume",
    "the next sync sends undelivered rows; for rejected rows, type: dbt-heap sync --retry-rejected": "retry",
    _DBT: "build seed snapshot compile parse clean deps docs source freshness clone run-operation",
    _PLAN: "dry-run dryrun diff compare estimate",
    "to see requests, type: dbt-heap show": "preview sample print payload",
    _CHECK: "test validate lint verify-declarations",
    _RUNS: "status log logs history jobs",
    _LS: "list syncs models destinations sources connections",
    "to see rejected rows, type: dbt-heap rejects": "errors failures failed rejected",
    "to test the setup, type: dbt-heap debug": "doctor connection ping config info",
    "it is a command on the state; type: dbt-heap state {}": "reset rename rebind adopt forget",
    "to send users and accounts in full, type: dbt-heap sync --resync": "full-refresh resync backfill",
    "to take over from another tool, type: dbt-heap state adopt": "import migrate",
    "see docs/how-to/delete-users.md; to send deletions: dbt-heap sync --allow-deletions": "delete remove",
    "to switch a sync off, write `enabled: false` in its block": "pause stop cancel disable",
    "dbt-heap has no scheduler: run `dbt-heap sync` after `dbt run`": "schedule cron",
    "to receive dbt platform's webhooks, type: dbt-heap listen": "serve server ui webhook",
    f"{_LATER}; to draft a block, type: dbt-heap generate MODEL": "init new create add",
    _LATER: "verify notify mcp",
    "type: dbt-heap --version": "version",
    "type: dbt-heap --help": "help",
}

_SELECT = "use --select, as in dbt"
_DEBUG = "use `dbt-heap debug` to test the setup, or --log-format json for every event"
_OF_DBT = "this option is for dbt, which parses and builds; dbt-heap only reads what dbt built: leave it out"
_OUTPUT = "use --output, if the command has it, or --log-format json; results are in target/heap_results.json"
_KEY = "keys are read from a file, never from the command line: dbt-heap explain --key-file FILE"
_GUARDS = "each guard has its own option: --allow-large SYNC, --first-sync, --no-gate"
_FULL = (
    "it is not read on purpose: in dbt it means rebuild, here it would send every row to Heap again. "
    "If you want that: dbt-heap sync --resync"
)

_OPTIONS = {
    _PLAN: "--dry-run --dryrun --no-op --noop --simulate --preview --plan",
    _FULL: "--full-refresh -f --full --full-sync --full-resync --refresh",
    _SELECT: "--models --model -m --include --only --tag --tags",
    "use --sync NAME": "--names --name --syncs --sync-name",
    "use --select resource_type:..., as in dbt": (
        "--resource-type --resource-types --exclude-resource-type --exclude-resource-types"
    ),
    "use --profiles-dir": "--profile-dir --profiles --profiles-path",
    "use --project-dir": "--project --project-directory --dir --cwd",
    "use --target: the dbt target decides which Heap environment it is": "--env --environment",
    "use --vars": "--var --variables",
    _DEBUG: "--debug -d --verbose -v --log-level --log-level-file --log-path --trace --log-cache-events",
    _OF_DBT: (
        "--add-package --args --browser --cache-selected-only --compile --config-dir --connection --defer "
        "--defer-state --deprecated-defer --deprecated-favor-state --deprecated-no-print --deprecated-print "
        "--deprecated-state --empty --empty-catalog --event-time-end --event-time-start --export-saved-queries "
        "--favor-state --hints-enabled --include-saved-query --indirect-selection --inject-ephemeral-ctes "
        "--inline --inline-direct --introspect --lock --log-file-max-bytes --log-format-file --macro-debugging "
        "--manage-state --maximum-seed-size-mib --output-keys --partial-parse --partial-parse-file-diff "
        "--partial-parse-file-path --populate-cache --print --printer-width --record-timing-info --sample "
        "--send-anonymous-usage-stats --show --show-all-deprecations --show-resource-report --single-threaded "
        "--skip-browser-auth --skip-debug --skip-profile-setup --snowflake-projects-otel --source --sql "
        "--sqlparse --static --static-parser --store-failures --upgrade --upload-to-artifacts-ingest-api "
        "--use-colors --use-colors-file --use-experimental-parser --use-fast-test-edges --version-check "
        "--warn-error-options --write-json -r"
    ),
    _OUTPUT: "--json --format --output --out --output-format -o",
    "use `max_rows` in the block, above which a plan is refused": "--max-rows --rows",
    _GUARDS: "--force --yes-all --all --no-guard --ignore-errors",
    "use `begin` in the block of an event sync": "--start --start-date --begin --from",
    "use --full-scan (events), or --resync (users, accounts)": "--backfill --rescan --full-history",
    _KEY: "--key --keys --id --user --identity --email --user-id",
    "set the variable HEAP_APP_ID, or `vars: dbt_heap: app_id`": "--app-id --environment-id --project-id",
    "set the variable HEAP_API_KEY; secrets are not read from options": "--api-key --token --secret",
    "use --events-per-minute": "--rate-limit --rate --batch-size --throttle",
    "use --in-flight, the requests at a time": "--concurrency --parallel --workers --jobs -j",
    "use --request-timeout": "--timeout",
    "use --max-wait, or --retry-rejected for rejected rows": "--retries --retry --max-retries",
    "leave it out: an interrupted sync resumes on the next run": "--resume --continue",
    "use --no-gate": "--skip-tests --no-tests --skip-gate --ignore-tests",
    "use --dbt-cloud": "--cloud --dbt-platform --platform",
    "dbt-heap has no scheduler; `dbt-heap listen` waits for jobs": "--watch --daemon --schedule",
    "set the variable HEAP_REGION or HEAP_BASE_URL": "--region --host --url",
}


def _by_word(sentences: Mapping[str, str]) -> dict[str, str]:
    return {word: sentence for sentence, words in sentences.items() for word in words.split()}


COMMANDS = _by_word(_COMMANDS)
STATE_COMMANDS = _by_word(
    {
        "to see the state, type: dbt-heap state show": "list ls status view",
        "to start a sync over, type: dbt-heap state reset SYNC": "delete clear drop remove wipe clean full-refresh",
        "to let go of people, type: dbt-heap state forget --key-file FILE": "purge erase",
        "to follow a renamed sync, type: dbt-heap state rename OLDER NEWER": "move mv",
        "to accept a moved relation, type: dbt-heap state rebind SYNC": "bind relocate repoint",
        "to take over from another tool, type: dbt-heap state adopt SYNC": "import migrate load seed",
    }
)
OPTIONS = _by_word(_OPTIONS)

_NEVER_SENDS = "leave it out: this command sends nothing"
_RESULTS = "`sync` writes its results to target/heap_results.json; for its log, use --log-format json"

# Answers of single commands that differ from the table above, or from the commands that have the option.
OPTIONS_OF = {
    **{(command, option): _NEVER_SENDS for command in ("plan", "show") for option in ("--dry-run", "--preview")},
    ("sync", "--limit"): f"{_LATER}; `max_rows` in the block refuses a larger plan",
    ("sync", "--since"): "use `begin` in the block of an event sync",
    ("sync", "--output"): _RESULTS,
    ("sync", "-o"): _RESULTS,
    ("sync", "--check"): "use `dbt-heap plan --check`, or `dbt-heap check`",
}


_NAME = re.compile(r"[A-Za-z_][\w.*:+/-]*")  # what may be repeated: a key of a row must not be
_EXTRA = re.compile(r"unexpected extra arguments? \((.*)\)")
_NO_COMMAND = re.compile(r"No such command '([A-Za-z-]+)'")
_KEYS = "keys are read from a file, never from the command line: {} --key-file FILE (- reads them from stdin)"
_DEFAULT = "leave it out: it is the default"
_AFTER = "options are written after the command: dbt-heap sync {}"


def unknown_command(typed: str, known: Iterable[str]) -> str:
    """Return what to type instead of a command that does not exist."""
    known = list(known)
    name = typed.lower().replace("_", "-")
    if instead := COMMANDS.get(name):
        return f"dbt-heap has no command {_repeated(typed)}: {instead.format(name)}"
    near = nearest(typed, known)
    hint = f"did you mean `{near}`?" if near else f"the commands are {', '.join(known)}"
    return f"dbt-heap has no command {_repeated(typed)}; {hint}"


def unknown_option(error: click.NoSuchOption, owners: Mapping[str, Iterable[str]]) -> str | None:
    """Return what to use instead of an option; None if only click's own message remains.

    `owners` are the commands with their options.
    """
    command = error.ctx.info_name if error.ctx else ""
    typed = error.option_name
    missing = f"dbt-heap {command} has no option {typed}"
    if instead := OPTIONS_OF.get((command or "", typed)):
        return f"{missing}: {instead}"
    if having := [name for name, options in owners.items() if typed in options]:
        return f"{missing}: it is an option of {' and '.join(having)}"
    if typed.startswith("--no-") and _positive(typed) in owners.get(command or "", ()):
        return f"{missing}: {_DEFAULT}"
    instead = _option(typed)
    return f"{missing}: {instead}" if instead else None


def _option(typed: str) -> str | None:
    """Return the counterpart of an option, of its negation, or of its spelling with underscores."""
    plain = typed.lower().replace("_", "-")
    return OPTIONS.get(typed) or OPTIONS.get(plain) or OPTIONS.get(_positive(plain))


def _positive(typed: str) -> str:
    return "--" + typed.removeprefix("--no-")


def unknown_state_command(error: click.UsageError) -> str | None:
    """Return what to type instead of a command below `state` that does not exist; None if that is another error."""
    found = _NO_COMMAND.search(error.message)
    instead = STATE_COMMANDS.get(found[1].lower()) if found and error.ctx and error.ctx.info_name == "state" else None
    return f"dbt-heap state has no command `{found[1]}`: {instead}" if found and instead else None


def early_option(typed: str, options: Iterable[str]) -> str | None:
    """Return what to do with an option that was written before the command; None if no command knows it."""
    if typed in options:
        return _AFTER.format(typed)
    instead = _option(typed)
    return f"dbt-heap has no option {typed}: {instead}" if instead else None


def extra_argument(error: click.UsageError) -> str | None:
    """Return what to do with a name or a key that was written without its option; None if the error is another one."""
    if error.ctx is None:
        return None
    parameters = {parameter.name for parameter in error.ctx.command.params}
    found = _EXTRA.search(error.message)
    missing = isinstance(error, click.MissingParameter) and error.param is not None and error.param.name == "key_file"
    if missing or (found and "key_file" in parameters):
        return _KEYS.format(_path(error.ctx))
    if not found or "select" not in parameters:
        return None
    words = found[1].split()
    names = " ".join(words) if all(map(_NAME.fullmatch, words)) else "NAME"
    return f"use --select for models, --sync for syncs: {_path(error.ctx)} --select {names}"


def _path(ctx: click.Context) -> str:
    return f"dbt-heap {ctx.command_path.partition(' ')[2]}"


def _repeated(typed: str) -> str:
    return f"`{printable(typed)}`" if _NAME.fullmatch(typed) else "of this name"
