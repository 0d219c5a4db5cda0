"""Settings from flags, environment variables and the project, in this order, and where rows go."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dbt_heap.errors import SettingsError, did_you_mean
from dbt_heap.http.limits import EVENTS_PER_MINUTE, HOSTS
from dbt_heap.http.local_socket import LOOPBACK
from dbt_heap.project.dbt_project import FILE_NAME, DbtProject, ProjectFile
from dbt_heap.project.environment import EnvFile, environment
from dbt_heap.project.heap_vars import (
    FIND_IDS,
    MAIN,
    Environment,
    HeapVars,
    app_id,
    region,
    unset_variable,
    variable_of,
)
from dbt_heap.project.validation import quoted

_CUSTOM = "DBT_ENV_CUSTOM_ENV_"
KEY = "HEAP_API_KEY"
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Settings:
    """The flags of one call, with dbt's names and meanings; None or empty means not set."""

    project_dir: Path = field(default_factory=lambda: project_dir_from(Path.cwd()))
    profiles_dir: Path | None = None
    profile: str | None = None
    target: str | None = None
    target_path: Path | None = None
    manifest: Path | None = None
    dbt_cloud: bool = False  # manifest and run results are those of a run on the dbt platform
    dbt_cloud_host: str | None = None
    dbt_cloud_account_id: str | None = None
    dbt_cloud_job_id: str | None = None
    dbt_cloud_run_id: str | None = None
    cli_vars: Mapping[str, Any] = field(default_factory=dict, repr=False)
    threads: int | None = None
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    selector: str | None = None
    syncs: tuple[str, ...] = ()  # names of syncs
    state: Path | None = None
    quiet: bool = False
    log_format: str = "default"
    warn_error: bool = False
    events_per_minute: int | None = None
    allow_target_mismatch: bool = False  # continue if the manifest was built for another target
    environ: Mapping[str, str] = field(default_factory=environment, repr=False)
    env_file: EnvFile | None = None  # the `.env` whose variables are in `environ`
    origins: Mapping[str, str] = field(
        default_factory=dict, repr=False
    )  # field -> the flag, variable or file it is from
    invocation_id: str = field(default_factory=lambda: str(uuid.uuid4()))  # of this call, in its log

    @property
    def extra(self) -> Mapping[str, str]:
        """Return what each line of the log contains in addition: https://docs.getdbt.com/reference/dbt-jinja-functions/env_var"""
        custom = (name for name in self.environ if name.startswith(_CUSTOM))
        return {name.removeprefix(_CUSTOM): self.environ[name] for name in custom}

    @property
    def selecting(self) -> bool:
        """Return whether only some syncs are selected."""
        return bool(self.select or self.exclude or self.selector)

    @property
    def from_elsewhere(self) -> bool:
        """Return whether the manifest is not the one of the project folder, which may still have dbt_project.yml."""
        return bool(self.manifest or self.dbt_cloud)

    @property
    def profiles_folder(self) -> Path:
        """Return the folder of profiles.yml."""
        return self.profiles_choice[0]

    @property
    def profiles_choice(self) -> tuple[Path, str]:
        """Return the folder of profiles.yml and where it is from: in dbt's order, then the project's, as in dbt 2.

        https://github.com/dbt-labs/dbt-core/blob/main/core/dbt/cli/resolvers.py
        """
        if self.profiles_dir:
            return self.profiles_dir, self.origins.get("profiles_dir", "--profiles-dir")
        home = Path.home() / ".dbt"
        choices = ((Path.cwd(), "this folder"), (home, "the home folder"), (self.project_dir, "the project's folder"))
        return next((each for each in choices if (each[0] / "profiles.yml").exists()), (home, "the home folder"))

    def dbt_project(self, project: ProjectFile, name: str = "") -> DbtProject:
        """Return the project and flags for dbt; `name` is the manifest's, used if there is no checkout."""
        return DbtProject(
            raw=project.raw or {"name": name or "project", "version": "1.0", "config-version": 2},
            project_dir=self.project_dir,
            profiles_dir=self.profiles_folder,
            profile=self.profile,
            target=self.target,
            cli_vars=self.cli_vars,
            jinja_vars=project.jinja_vars,
            threads=self.threads,
            environ=self.environ,
        )


def project_dir_from(folder: Path) -> Path:
    """Return the nearest folder at or above this one that has a dbt_project.yml; this one if none has."""
    return next((each for each in (folder, *folder.parents) if (each / FILE_NAME).exists()), folder)


@dataclass(frozen=True)
class Destination:
    """One Heap environment: where requests go, and how fast."""

    app_id: str = field(repr=False)
    base_url: str
    events_per_minute: int

    @property
    def label(self) -> str:
        """Return Environment ID and host, which separate states: the sandbox never marks rows as sent to Heap."""
        parts = urlsplit(self.base_url)
        port = f":{parts.port}" if parts.port not in (None, _PORTS[parts.scheme]) else ""
        return f"{self.app_id}@{parts.hostname}{port}{parts.path.rstrip('/')}"


def destination(settings: Settings, heap_vars: HeapVars, environment: str | None, target: str) -> Destination:
    """Return where the syncs of one of the project's environments go for a dbt target.

    Raises SettingsError if no Environment ID is set, or a variable is not valid.
    """
    name = environment or MAIN
    if name not in heap_vars.environment_names:
        known = ", ".join(heap_vars.environment_names)
        near = did_you_mean(name, heap_vars.environment_names)
        raise SettingsError(f"vars.dbt_heap.environments has no {quoted(name)}{near}; it has: {known}")
    declared = heap_vars.environments.get(name, Environment())
    return Destination(
        app_id=_app_id(settings.environ, heap_vars, name, target),
        base_url=_base_url(
            settings.environ, declared.region or heap_vars.region, several=len(heap_vars.environments) > 1
        ),
        events_per_minute=settings.events_per_minute or declared.events_per_minute or EVENTS_PER_MINUTE,
    )


def api_key(settings: Settings, heap_vars: HeapVars, environment: str) -> str:
    """Return the API key that deletions need. Raises SettingsError if there is none."""
    variable = KEY if len(heap_vars.environments) < 2 else variable_of(environment, KEY)
    if given := settings.environ.get(variable, "").strip():
        return given
    raise SettingsError(
        f"deletions need an API key in the variable {variable}; an admin creates it in Heap under Account > Manage > "
        "Privacy & Security"
    )


def _app_id(environ: Mapping[str, str], heap_vars: HeapVars, name: str, target: str) -> str:
    variables = [variable_of(name)]
    if len(heap_vars.environments) < 2:
        variables.append("HEAP_APP_ID")
    elif environ.get("HEAP_APP_ID"):
        known = ", ".join(variable_of(each) for each in heap_vars.environments)
        raise SettingsError(f"HEAP_APP_ID is set, but the project has several environments: set one of {known} instead")
    for variable in variables:
        if given := environ.get(variable):
            return _checked(variable, app_id, given)
    ids = heap_vars.environments[name].app_ids if name in heap_vars.environments else heap_vars.app_ids
    if declared := heap_vars.app_id or ids.get(target):
        return _set(declared, target)
    raise SettingsError(_no_app_id(heap_vars, name, target, ids, variables[-1]))


def _set(declared: str, target: str) -> str:
    if variable := unset_variable(declared):
        raise SettingsError(
            f"the environment variable {variable} is not set. vars.dbt_heap uses it for the Environment ID of the dbt "
            f"target {quoted(target)}; {FIND_IDS}"
        )
    return declared


def _no_app_id(heap_vars: HeapVars, name: str, target: str, ids: Mapping[str, str], variable: str) -> str:
    if not heap_vars.names_destinations:
        return (
            'no Environment ID is set: set `vars: dbt_heap: app_ids: {<dbt target>: "…"}` in '
            f"{FILE_NAME}, or the variable {variable}; {FIND_IDS}"
        )
    place = f"vars.dbt_heap.environments.{name}" if name in heap_vars.environments else "vars.dbt_heap.app_ids"
    there_are = f"it has one for: {', '.join(sorted(ids))}" if ids else "it has none for any"
    return (
        f"{place} has no Environment ID for the dbt target {quoted(target)} ({there_are}{did_you_mean(target, ids)}). "
        f"Add it, or set the variable {variable}; {FIND_IDS}"
    )


def _base_url(environ: Mapping[str, str], declared_region: str | None, *, several: bool) -> str:
    if given := environ.get("HEAP_BASE_URL"):
        return _checked("HEAP_BASE_URL", address, given)
    if given := environ.get("HEAP_REGION"):
        if several:
            raise SettingsError(
                "HEAP_REGION is set, but the project has several environments: each declares its region"
            )
        return HOSTS[_checked("HEAP_REGION", region, given)]
    return HOSTS[declared_region or "us"]


def address(text: str, example: str = "https://heapanalytics.com") -> str:
    """Return an address that is safe to send to: https, or this machine. Raises ValueError that does not repeat it."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise ValueError("is not an address") from None
    spaced = any(letter.isspace() or not letter.isprintable() for letter in text.strip())
    if parts.scheme not in _PORTS or not parts.hostname or port == 0 or spaced:
        raise ValueError(f"must be an address such as {example}")
    if any(mark in text for mark in "@?#"):
        raise ValueError("must be an address without user, password, query and fragment")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError(
            "must use https; plain http is only allowed to this machine (127.0.0.1), such as to the sandbox"
        )
    return text.strip().rstrip("/")


def _checked(variable: str, parse: Any, given: str) -> str:
    """Return a variable as parsed. Raises SettingsError, which repeats neither an Environment ID nor an address."""
    try:
        return str(parse(given))
    except ValueError as refusal:
        raise SettingsError(f"{variable} {refusal}") from None
