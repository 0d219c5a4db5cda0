"""dbt_project.yml as far as it concerns us: where dbt's things are, and the block `vars: dbt_heap:`, strictly read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from dbt_heap.errors import DeclarationError, Mistake, SettingsError
from dbt_heap.limits import HOSTS
from dbt_heap.reading import Place, did_you_mean, found, identifier, one_of, read, text, texts, whole_number
from dbt_heap.rendering import rendered

FILE_NAME = "dbt_project.yml"
MAIN = "main"  # the environment of projects that name none

_UNSET = "env_var "  # stands before the name of a variable, in the place of an app id

WHERE_IDS_STAND = "in Heap the Environment ID stands under Account > Manage > Projects"


def app_id(value: Any) -> str:
    """An Environment ID of Heap's. Raises ValueError, which does not repeat it."""
    digits = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(digits, str) and re.fullmatch(r"[0-9]+", digits):
        return digits
    raise ValueError(f"an Environment ID is needed, digits only, and this is none; {WHERE_IDS_STAND}")


def _declared_app_id(value: Any) -> str:
    return value if isinstance(value, str) and unset_variable(value) else app_id(value)


def region(value: Any) -> str:
    """A region of Heap's. Raises ValueError with the nearest."""
    return one_of(value, HOSTS)


def _mapping(value: Any) -> Any:
    # What stands in a mapping's place may be an app id, which is not repeated.
    if isinstance(value, Mapping):
        return value
    what = found(value) if value is None or isinstance(value, list) else "a single value"
    raise ValueError(f"a mapping is needed, found {what}")


# A default is not validated, so that `= None` means "not given"; `key: null` is a mistake: the validators refuse it.
_Text = Annotated[str | None, BeforeValidator(text)]
_Texts = Annotated[tuple[str, ...], BeforeValidator(texts)]
_AppId = Annotated[str, BeforeValidator(_declared_app_id)]
_OneAppId = Annotated[str | None, BeforeValidator(_declared_app_id)]
_Region = Annotated[str | None, BeforeValidator(region)]
_Number = Annotated[int | None, BeforeValidator(whole_number)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NeverSend(_Strict):
    """What no sync may send: columns by tag, by a key of their meta that is true, by glob of their name."""

    tags: _Texts = ()
    meta: _Texts = ()
    columns: _Texts = ()


class ExposureVars(_Strict):
    """What `dbt-heap exposures` says of every sync."""

    owner_name: _Text = None
    owner_email: _Text = None
    url: _Text = None


class Environment(BaseModel):
    """One Heap environment: its app ids by dbt target, and what else the project says of it."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    __pydantic_extra__: dict[str, _AppId] = Field(init=False, repr=False)

    region: _Region = None
    events_per_minute: _Number = None

    @property
    def app_ids(self) -> Mapping[str, str]:
        """dbt target -> app id."""
        return self.__pydantic_extra__

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        # pydantic would show the app ids, too
        return ((name, getattr(self, name)) for name in type(self).model_fields)


_Environment = Annotated[Environment, BeforeValidator(_mapping)]


class HeapVars(_Strict):
    """The block `vars: dbt_heap:`."""

    app_id: _OneAppId = Field(None, repr=False)
    app_ids: Annotated[dict[str, _AppId], BeforeValidator(_mapping)] = Field(default_factory=dict, repr=False)
    environments: Annotated[dict[str, _Environment], BeforeValidator(_mapping)] = Field(default_factory=dict)
    region: _Region = None
    schema_name: Annotated[str, BeforeValidator(identifier)] = Field("dbt_heap", alias="schema")
    never_send: NeverSend = NeverSend()
    account_id_property: _Text = None
    retain_days: _Number = None
    exposures: ExposureVars = ExposureVars()
    defaults: dict[str, Any] = Field(default_factory=dict)

    @property
    def environment_names(self) -> tuple[str, ...]:
        """The environments that a block may name."""
        return tuple(self.environments) or (MAIN,)

    @property
    def names_destinations(self) -> bool:
        """Whether the project says where rows go; if not, environment variables do."""
        return bool(self.app_id or self.app_ids or self.environments)


@dataclass(frozen=True)
class ProjectFile:
    """dbt_project.yml; all empty where there is none."""

    name: str = ""
    profile: str | None = None
    target_path: str = "target"
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)  # as YAML gave it, for dbt to render
    heap_vars: HeapVars = field(default_factory=HeapVars)


def read_project(project_dir: Path, cli_vars: Mapping[str, Any], environ: Mapping[str, str]) -> ProjectFile:
    """The project in `project_dir`; an empty one where no dbt_project.yml stands.

    `cli_vars` are those of `--vars`, which beat the file's. Raises SettingsError where the file is no YAML,
    DeclarationError where the block `vars: dbt_heap:` must change.
    """
    raw = _load(project_dir / FILE_NAME)
    name = raw.get("name") if isinstance(raw.get("name"), str) else ""
    profile = raw.get("profile")
    target_path, mistakes = rendered(
        raw.get("target-path"), Place(name or FILE_NAME, FILE_NAME, "target-path"), environ
    )
    block, place = _block(raw, name or "", cli_vars)
    heap_vars, more = _heap_vars(block, place, environ)
    if mistakes or more:
        raise DeclarationError([*mistakes, *more])
    return ProjectFile(
        name=name or "",
        profile=profile if isinstance(profile, str) else None,
        target_path=target_path if isinstance(target_path, str) and target_path else "target",
        raw=raw,
        heap_vars=heap_vars,
    )


def _load(path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as refusal:
        raise SettingsError(f"{path} cannot be read: {refusal.strerror}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as refusal:  # ValueError: such as a date 2026-13-01
        mark = getattr(refusal, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SettingsError(f"{path} is no YAML{where}; `dbt parse` says more") from None
    if not isinstance(content, dict):
        raise SettingsError(f"{path} holds {found(content)} instead of a dbt project")
    return content


def _block(raw: Mapping[str, Any], name: str, cli_vars: Mapping[str, Any]) -> tuple[Any, Place]:
    """The block and where it stands: as with dbt, one given later replaces one before as a whole."""
    variables = raw.get("vars")
    in_file = variables if isinstance(variables, dict) else {}
    own = in_file.get(name)
    if "dbt_heap" in cli_vars:
        return cli_vars["dbt_heap"], Place(name or FILE_NAME, "--vars", "dbt_heap")
    if isinstance(own, dict) and "dbt_heap" in own:
        return own["dbt_heap"], Place(name, FILE_NAME, f"vars.{name}.dbt_heap")
    return in_file.get("dbt_heap", {}), Place(name or FILE_NAME, FILE_NAME, "vars.dbt_heap")


def _heap_vars(block: Any, place: Place, environ: Mapping[str, str]) -> tuple[HeapVars, list[Mistake]]:
    try:
        values, mistakes = rendered(_mapping(block), place, environ, partial(_unset_app_id, place))
    except ValueError as refusal:
        return HeapVars(), [place.mistake(str(refusal))]
    except RecursionError:
        return HeapVars(), [place.mistake("it holds itself, by an alias of YAML")]
    reading = read(HeapVars, values, place)
    told = {each.key for each in mistakes}  # what does not render cannot be right, either
    mistakes += [each for each in reading.mistakes if each.key not in told]
    return reading.value, [*mistakes, *_contradictions(reading.value, place)]


def _unset_app_id(block: Place, place: Place, variable: str) -> str | None:
    """A stand-in for an app id whose variable is not set: only a sync that needs it stumbles over it."""
    within = place.key.removeprefix(f"{block.key}.")
    is_app_id = re.fullmatch(r"app_id|app_ids\..+|environments\.[^.]+\.(?!region$|events_per_minute$).+", within)
    return _UNSET + variable if is_app_id else None


def unset_variable(declared: str) -> str | None:
    """The environment variable that a declared app id waits for; None where it is one."""
    return declared.removeprefix(_UNSET) if declared.startswith(_UNSET) else None


def _contradictions(heap_vars: HeapVars, place: Place) -> Iterator[Mistake]:
    given = [key for key in ("app_id", "app_ids", "environments") if getattr(heap_vars, key)]
    if len(given) > 1:
        yield place.mistake(f"one of app_id, app_ids and environments is needed, found {' and '.join(given)}")
    for name, environment in heap_vars.environments.items():
        for target in environment.app_ids:
            if near := did_you_mean(target, Environment.model_fields, cutoff=0.8):
                text = f"this is taken for the Environment ID of a dbt target of this name{near}"
                yield place.at("environments", name, target).mistake(text)
    variables = Counter(map(variable_of, heap_vars.environments))
    for name in heap_vars.environments:
        if variables[variable_of(name)] > 1:
            yield place.at("environments", name).mistake(
                f"another environment would have the same environment variable, {variable_of(name)}: rename one"
            )


def variable_of(environment: str) -> str:
    """The environment variable that holds the app id of one of several environments."""
    return "HEAP_APP_ID__" + re.sub(r"[^A-Za-z0-9]", "_", environment).upper()
