"""The project's profile and its targets, read and rendered by dbt's own code. Loads dbt."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from dbt.config.profile import Profile, read_profile
from dbt.config.project import PartialProject
from dbt.config.renderer import DbtProjectYamlRenderer, ProfileRenderer
from dbt.config.runtime import RuntimeConfig
from dbt.flags import set_from_args
from dbt_common.context import set_invocation_context
from dbt_common.exceptions import DbtBaseException

from dbt_heap.errors import SettingsError, did_you_mean
from dbt_heap.project.dbt_project import DbtProject
from dbt_heap.project.environment import with_both_names
from dbt_heap.project.validation import quoted

# The keys of dbt_project.yml that macros and connections need. Others may only be valid for another dbt.
_PROJECT_KEYS = (
    "name", "version", "config-version", "profile", "vars", "dispatch", "macro-paths",
    "packages-install-path", "quoting", "query-comment",
)  # fmt: skip


class ProfileTargets:
    """The targets of one profile. Each is rendered on demand, because others may lack their variables."""

    def __init__(self, project: DbtProject) -> None:
        """Read profiles.yml. Raises SettingsError if it does not have the profile."""
        self._project = project
        self._arguments = Namespace(
            project_dir=str(project.project_dir), profiles_dir=str(project.profiles_dir), profile=project.profile,
            target=project.target, vars=dict(project.cli_vars), threads=project.threads, which="run-operation",
            log_cache_events=False, send_anonymous_usage_stats=False,
        )  # fmt: skip
        set_invocation_context(with_both_names(project.environ))
        set_from_args(self._arguments, None)
        self._renderer = ProfileRenderer(dict(project.cli_vars))
        self._raw_profiles: Any = read_profile(str(project.profiles_dir))
        self.profile_name = self._chosen_profile()
        raw = self._raw_profiles[self.profile_name]
        outputs = raw.get("outputs") if isinstance(raw, dict) else None
        self._outputs: dict[str, Any] = outputs if isinstance(outputs, dict) else {}
        self._raw_target = raw.get("target", "default") if isinstance(raw, dict) else "default"

    @property
    def names(self) -> tuple[str, ...]:
        """Return all targets of the profile, in the order of the file."""
        return tuple(map(str, self._outputs))

    @property
    def fixed_default(self) -> str | None:
        """Return the target that dbt uses if none is given; None if that depends on variables."""
        fixed = isinstance(self._raw_target, str) and "{" not in self._raw_target
        return self._raw_target if fixed else None

    def type_of(self, target: str) -> str:
        """Return the adapter type of a target as written; empty if it is not text."""
        output = self._outputs.get(target)
        kind = output.get("type") if isinstance(output, dict) else ""
        return kind if isinstance(kind, str) else ""

    def render(self, target: str | None = None) -> Profile:
        """Return a target as dbt renders it; the active one if none is named.

        Raises SettingsError if the profile has no such target, dbt's own errors for all else.
        """
        chosen = target or self._project.target or self._renderer.render_value(self._raw_target)
        if self._outputs and chosen not in self._outputs:
            raise SettingsError(
                f"{self._file}: the profile {quoted(self.profile_name)} has no target {quoted(str(chosen))}"
                f"{did_you_mean(str(chosen), self.names)}; it has: {', '.join(self.names)}. Choose one with --target "
                "or DBT_TARGET, or add it"
            )
        return Profile.from_raw_profiles(
            self._raw_profiles, self.profile_name, self._renderer, chosen, self._project.threads
        )

    def config(self, profile: Profile) -> RuntimeConfig:
        """Return dbt's configuration of the project under one target; only the needed keys of the project are read."""
        needed = {key: self._project.raw[key] for key in _PROJECT_KEYS if key in self._project.raw}
        partial = PartialProject.from_dicts(str(self._project.project_dir), needed, {}, {})
        rendered = partial.render(self.project_renderer(profile))
        return RuntimeConfig.from_parts(rendered, profile, self._arguments)

    def project_renderer(self, profile: Profile) -> DbtProjectYamlRenderer:
        """Return what renders the Jinja of dbt_project.yml under one target."""
        return DbtProjectYamlRenderer(profile, {**self._project.jinja_vars, **self._project.cli_vars})

    @property
    def _file(self) -> str:
        return str(self._project.profiles_dir / "profiles.yml")

    def _chosen_profile(self) -> str:
        written = self._renderer.render_value(self._project.raw.get("profile"))
        name = self._project.profile or written
        if not name:
            raise SettingsError("no profile is named: add `profile:` to dbt_project.yml, or use --profile")
        known = self._raw_profiles if isinstance(self._raw_profiles, dict) else {}
        if name in known:
            return str(name)
        if not known:
            raise SettingsError(
                f"{self._file} does not exist, or has no profiles: create it, or set its folder with --profiles-dir"
            )
        raise SettingsError(
            f"{self._file} has no profile {quoted(str(name))}{did_you_mean(str(name), map(str, known))}; it has: "
            f"{', '.join(sorted(map(str, known)))}. dbt_project.yml and --profile choose the profile"
        )


def rendered_target_path(project: DbtProject, written: str) -> str:
    """Return `target-path` of dbt_project.yml, its Jinja rendered as dbt does. Raises SettingsError if it fails."""
    try:
        targets = ProfileTargets(project)
        return str(targets.project_renderer(targets.render()).render_value(written))
    except DbtBaseException as refusal:  # its text may contain secrets of the profile
        raise SettingsError(
            f"dbt_project.yml: target-path: its Jinja does not render ({type(refusal).__name__}): set what it needs, "
            "or use --target-path"
        ) from None
