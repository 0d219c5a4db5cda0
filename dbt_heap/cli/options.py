"""The options that commands share: dbt's own, with dbt's names, meanings and environment variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import yaml

from dbt_heap.cli.cloud_options import CLOUD
from dbt_heap.cli.group import TELLS
from dbt_heap.cli.log_lines import show_log
from dbt_heap.console import Console
from dbt_heap.errors import SettingsError
from dbt_heap.settings import Settings, project_dir_from

F = TypeVar("F", bound=Callable[..., Any])


class Several(click.Option):
    """An option that takes all words up to the next option, as dbt's --select does; it may be repeated."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "multiple": True})

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Has the parser hand over what follows the option's first word, too."""
        super().add_to_parser(parser, ctx)
        for name in self.opts:
            known = parser._long_opt.get(name) or parser._short_opt.get(name)
            if known is not None:
                known.process = _greedy(known)

    def type_cast_value(self, ctx: click.Context, value: Any) -> tuple[str, ...]:
        """The words, whether they came apart or in one text."""
        words = super().type_cast_value(ctx, value) or ()
        return tuple(word for text in words for word in str(text).split() or [""])  # "" selects nothing, as in dbt


def _greedy(known: Any) -> Callable[[Any, Any], None]:
    """Takes an option's first word as click does, then every word that begins no option."""
    process = known.process

    def take(value: Any, state: Any) -> None:
        process(value, state)
        while state.rargs and not state.rargs[0].startswith("-"):
            process(state.rargs.pop(0), state)

    return take


_PROJECT = [
    click.option("--project-dir", type=click.Path(path_type=Path, file_okay=False), envvar="DBT_PROJECT_DIR",
                 help="Folder of dbt_project.yml. Default: this folder or the nearest parent that has one."),
    click.option("--profiles-dir", type=click.Path(path_type=Path, file_okay=False), envvar="DBT_PROFILES_DIR",
                 help="Folder of profiles.yml. Default: this folder or the project's if it has one, else ~/.dbt."),
    click.option("--profile", envvar="DBT_PROFILE", help="Profile to use instead of the project's."),
    click.option("--target", "-t", envvar="DBT_TARGET", help="Target of the profile."),
    click.option("--target-path", type=click.Path(path_type=Path), envvar="DBT_TARGET_PATH",
                 help="Folder of dbt's artifacts. Default: target."),
    click.option("--vars", "vars_text", envvar="DBT_VARS",
                 help="Project variables as YAML, above those of dbt_project.yml."),
    click.option("--threads", type=int, envvar="DBT_THREADS", help="As in dbt; one connection is used."),
    click.option("--manifest", type=click.Path(path_type=Path, dir_okay=False), envvar="DBT_HEAP_MANIFEST",
                 help="The manifest.json to read. No checkout of the project is needed then."),
]  # fmt: skip

_SELECTION = [
    click.option("--select", "-s", cls=Several, help="Syncs whose models dbt would select."),
    click.option("--exclude", cls=Several, help="Syncs to leave out."),
    click.option("--selector", help="A selector of selectors.yml."),
    click.option("--sync", "syncs", cls=Several, help="Syncs by their own names, whatever their models."),
    click.option("--state", type=click.Path(path_type=Path, file_okay=False), envvar="DBT_STATE",
                 help="Folder of earlier artifacts, for `state:` selection."),
]  # fmt: skip

_OUTPUT = [
    click.option("--quiet", "-q", is_flag=True, envvar="DBT_QUIET", help="Only errors on stderr."),
    click.option("--log-format", type=click.Choice(["default", "text", "json"]), default="default",
                 envvar="DBT_LOG_FORMAT", help="json: one JSON object a line on stderr."),
    click.option("--warn-error", is_flag=True, envvar="DBT_WARN_ERROR", help="Take warnings for errors."),
]  # fmt: skip


rate_option = click.option(
    "--events-per-minute",
    type=click.IntRange(min=1),
    envvar="DBT_HEAP_EVENTS_PER_MINUTE",
    help="Share of Heap's 15,000 events a minute, where other processes send to the same environment.",
)


def project_options(command: F) -> F:
    """Where the project, its profile and its artifacts are."""
    return _with([*_PROJECT, *CLOUD], command)


def selection_options(command: F) -> F:
    """Which syncs."""
    return _with(_SELECTION, command)


def output_options(command: F) -> F:
    """How much is told, and in which form."""
    return _with(_OUTPUT, command)


def all_options(command: F) -> F:
    """The three groups together."""
    return project_options(selection_options(output_options(command)))


def settings_of(*, project_dir: Path | None = None, vars_text: str | None = None, **given: Any) -> Settings:
    """The settings that a command's options make. Raises SettingsError where --vars is no mapping."""
    settings = Settings(
        project_dir=project_dir or project_dir_from(Path.cwd()), cli_vars=_cli_vars(vars_text or "{}"), **given
    )
    show_log(console_of(settings))
    if settings.log_format == "json":
        click.get_current_context().meta[TELLS] = console_of(settings).problem
    return settings


def console_of(settings: Settings) -> Console:
    """The console that the settings ask for."""
    return Console(
        quiet=settings.quiet, log_format=settings.log_format, invocation_id=settings.invocation_id, extra=settings.extra
    )


def _cli_vars(text: str) -> dict[str, Any]:
    try:
        given = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: such as a date 2026-13-01
        given = None
    if isinstance(given, dict):
        return given
    raise SettingsError("--vars: a YAML mapping is needed, such as '{day: 2}'")


def _with(options: Sequence[Callable[[F], F]], command: F) -> F:
    for option in reversed(options):
        command = option(command)
    return command
