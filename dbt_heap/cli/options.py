"""The options that commands share: dbt's, with dbt's names, meanings and environment variables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import yaml
from click.core import ParameterSource

from dbt_heap.cli.console import Console, show_log
from dbt_heap.cli.group import REPORTS_PROBLEM
from dbt_heap.errors import SettingsError
from dbt_heap.project.dbt_project import FILE_NAME
from dbt_heap.project.environment import EnvFile, dbt_variables
from dbt_heap.project.settings import Settings, project_dir_from

LOG_FORMATS = ("text", "debug", "json", "default")  # dbt's

F = TypeVar("F", bound=Callable[..., Any])


class Several(click.Option):
    """An option that takes all words up to the next option, like dbt's --select, and can be repeated."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "multiple": True})

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Make the parser pass on the words after the first one, too."""
        super().add_to_parser(parser, ctx)
        for name in self.opts:
            known = parser._long_opt.get(name) or parser._short_opt.get(name)
            if known is not None:
                known.process = _greedy(known)

    def type_cast_value(self, ctx: click.Context, value: Any) -> tuple[str, ...]:
        """Return the words, given separately or in one string."""
        words = super().type_cast_value(ctx, value) or ()
        return tuple(word for text in words for word in str(text).split() or [""])  # "" selects nothing, as in dbt


def _greedy(known: Any) -> Callable[[Any, Any], None]:
    """Return a parser action that takes the first word as click does, then every word that is not an option."""
    process = known.process

    def take(value: Any, state: Any) -> None:
        process(value, state)
        while state.rargs and not state.rargs[0].startswith("-"):
            process(state.rargs.pop(0), state)

    return take


_PROJECT = [
    click.option("--project-dir", type=click.Path(path_type=Path, file_okay=False),
                 envvar=dbt_variables("DBT_PROJECT_DIR"),
                 help="Folder of dbt_project.yml. Default: the current folder or its nearest parent that has one."),
    click.option("--profiles-dir", type=click.Path(path_type=Path, file_okay=False),
                 envvar=dbt_variables("DBT_PROFILES_DIR"),
                 help="Folder of profiles.yml. Default: the current folder if it has one, else ~/.dbt."),
    click.option("--profile", envvar=dbt_variables("DBT_PROFILE"), help="Profile to use instead of the project's."),
    click.option("--target", "-t", envvar=dbt_variables("DBT_TARGET"),
                 help="dbt target. It decides the warehouse and the Heap environment."),
    click.option("--target-path", type=click.Path(path_type=Path), envvar=dbt_variables("DBT_TARGET_PATH"),
                 help="Folder of dbt's artifacts. Default: target."),
    click.option("--vars", "vars_text", help="Project variables as YAML; they override the project's."),
    click.option("--threads", type=int, help="Accepted as in dbt; dbt-heap uses one connection."),
    click.option("--allow-target-mismatch", is_flag=True,
                 help="Accept a manifest.json that was built for another target, for this run."),
    click.option("--manifest", type=click.Path(path_type=Path, dir_okay=False), envvar="DBT_HEAP_MANIFEST",
                 help="manifest.json to read. You need no checkout of the project then."),
]  # fmt: skip

_SELECTION = [
    click.option("--select", "-s", cls=Several, help="Syncs of the models that dbt would select."),
    click.option("--exclude", cls=Several, help="Models whose syncs to exclude."),
    click.option("--selector", help="A selector of selectors.yml."),
    click.option("--sync", "syncs", cls=Several, help="Syncs by name."),
    click.option("--state", type=click.Path(path_type=Path, file_okay=False), envvar=dbt_variables("DBT_STATE"),
                 help="Folder of earlier artifacts, for `state:` selection."),
]  # fmt: skip

_OUTPUT = [
    click.option("--quiet/--no-quiet", "-q", envvar=dbt_variables("DBT_QUIET"), help="Print only errors on stderr."),
    click.option("--log-format", type=click.Choice(LOG_FORMATS, case_sensitive=False),
                 default="default", envvar=dbt_variables("DBT_LOG_FORMAT"),
                 help="As in dbt. json: one JSON object per line on stderr."),
    click.option("--warn-error", is_flag=True, envvar=dbt_variables("DBT_WARN_ERROR"),
                 help="Treat warnings as errors."),
]  # fmt: skip


rate_option = click.option(
    "--events-per-minute",
    type=click.IntRange(min=1),
    envvar="DBT_HEAP_EVENTS_PER_MINUTE",
    help="Your share of Heap's 15,000 events per minute, if other processes send to the same environment.",
)


def project_options(command: F) -> F:
    """Add the options for the project, its profile and its artifacts."""
    return _with([*_PROJECT, *CLOUD], command)


def selection_options(command: F) -> F:
    """Add the options that select syncs."""
    return _with(_SELECTION, command)


def output_options(command: F) -> F:
    """Add the options for output."""
    return _with(_OUTPUT, command)


def all_options(command: F) -> F:
    """Add all shared options."""
    return project_options(selection_options(output_options(command)))


def settings_of(*, project_dir: Path | None = None, vars_text: str | None = None, **given: Any) -> Settings:
    """Return the settings that a command's options make, each with its origin.

    Raises SettingsError if `--vars` is not a mapping, or `.env` cannot be read.
    """
    context = click.get_current_context(silent=True)
    file: EnvFile | None = context.obj() if context and context.obj else None
    folder = project_dir or project_dir_from(Path.cwd())
    origins = _origins(context, file) if context else {}
    flags = {name: value for name, value in _project_flags(folder) if name in given and name not in origins}
    settings = Settings(
        project_dir=folder,
        cli_vars=_cli_vars(vars_text or "{}"),
        environ=dict(os.environ),
        env_file=file,
        origins={**origins, **{name: f"dbt_project.yml: flags.{name}" for name in flags}},
        **{**given, **flags},
    )
    show_log(console_of(settings))
    if context and settings.log_format == "json":
        context.meta[REPORTS_PROBLEM] = console_of(settings).problem
    return settings


def _project_flags(project_dir: Path) -> Iterator[tuple[str, Any]]:
    """Yield the flags of dbt that the project sets, and that dbt-heap has too.

    https://docs.getdbt.com/reference/global-configs/project-flags. What is wrong with the file is reported where the
    project is read.
    """
    try:
        written = (project_dir / FILE_NAME).read_bytes()
        content = yaml.safe_load(written) if b"flags" in written else None
    except (OSError, yaml.YAMLError, ValueError, RecursionError):
        return
    flags = content.get("flags") if isinstance(content, dict) else None
    if not isinstance(flags, dict):
        return
    if isinstance(flags.get("warn_error"), bool):
        yield "warn_error", flags["warn_error"]
    if (log_format := str(flags.get("log_format")).lower()) in LOG_FORMATS:
        yield "log_format", log_format


def _origins(context: click.Context, file: EnvFile | None) -> dict[str, str]:
    """Return the origin of each given option: its flag, or its environment variable, perhaps from `.env`."""
    found: dict[str, str] = {}
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if source is ParameterSource.COMMANDLINE:
            found[name] = parameter.opts[0]
        elif source is ParameterSource.ENVIRONMENT:
            variables = [parameter.envvar] if isinstance(parameter.envvar, str) else list(parameter.envvar or ())
            variable = next((each for each in variables if os.environ.get(each)), "")
            found[name] = f"{variable} in {file.path}" if file and variable in file.variables else variable
    return found


def console_of(settings: Settings) -> Console:
    """Return the console for these settings."""
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
    raise SettingsError("--vars must be a YAML mapping, such as '{day: 2}'")


def _with(options: Sequence[Callable[[F], F]], command: F) -> F:
    for option in reversed(options):
        command = option(command)
    return command


def _goes_with_dbt_cloud(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Refuse a flag that has no effect without --dbt-cloud; a variable may be set for other tools."""
    if ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE and not ctx.params.get("dbt_cloud"):
        raise click.UsageError(f"{param.opts[0]} needs --dbt-cloud", ctx)
    return value


def _option(flag: str, variable: str, text: str) -> Any:
    # Strings, because a variable that is set for another tool must not be an error before it is needed.
    return click.option(flag, envvar=variable, callback=_goes_with_dbt_cloud, help=text)


CLOUD = [
    click.option("--dbt-cloud", is_flag=True, is_eager=True,
                 help="Read the artifacts of a dbt platform (formerly dbt Cloud) run, without a checkout."),
    _option("--dbt-cloud-host", "DBT_CLOUD_HOST", "Host of the dbt platform account."),
    _option("--dbt-cloud-account-id", "DBT_CLOUD_ACCOUNT_ID", "Account ID."),
    _option("--dbt-cloud-job-id", "DBT_CLOUD_JOB_ID", "Job ID; its latest run is read."),
    _option("--dbt-cloud-run-id", "DBT_CLOUD_RUN_ID", "Run ID, to read exactly this run."),
]  # fmt: skip
