"""The settings in `vars: dbt_heap:`, strictly validated, with their Jinja rendered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Annotated, Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from dbt_heap.errors import Mistake, did_you_mean
from dbt_heap.http.limits import HOSTS
from dbt_heap.project.validation import Place, describe, identifier, one_of, parse_model, text, texts, whole_number

Render = Callable[[str], str]
StandIn = Callable[[Place, str], "str | None"]  # the place and the missing variable -> a text instead

_DOES_NOT_RENDER = (
    TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError,
)  # fmt: skip


def rendered(
    value: Any, place: Place, environ: Mapping[str, str], stand_in: StandIn = lambda place, variable: None
) -> tuple[Any, list[Mistake]]:
    """Return `value` with the Jinja in its texts rendered, and a mistake for each text that cannot be rendered.

    Args:
        value: A YAML value. Keys of mappings are not rendered.
        place: Its place, for mistakes.
        environ: The environment variables.
        stand_in: May return a text instead of a mistake if a variable is not set.
    """
    mistakes: list[Mistake] = []
    return _walk(value, place, _renderer(environ), stand_in, mistakes), mistakes


def _walk(value: Any, place: Place, render: Render, stand_in: StandIn, mistakes: list[Mistake]) -> Any:
    if isinstance(value, dict):
        return {key: _walk(each, place.at(str(key)), render, stand_in, mistakes) for key, each in value.items()}
    if isinstance(value, list):
        return [_walk(each, place.at(index), render, stand_in, mistakes) for index, each in enumerate(value)]
    if not isinstance(value, str) or ("{{" not in value and "{%" not in value):
        return value
    try:
        return render(value)
    except MissingVariableError as missing:
        if (text := stand_in(place, str(missing))) is not None:
            return text
        mistakes.append(place.mistake(f"the environment variable {missing} is not set, and it has no default"))
    except _DOES_NOT_RENDER as refusal:
        # Only the kind of error: its text may contain the value of a variable.
        mistakes.append(
            place.mistake(f"its Jinja does not render ({type(refusal).__name__}); only env_var can be used here")
        )
    return value


class MissingVariableError(Exception):
    """An environment variable is not set; its text is the name."""


def _renderer(environ: Mapping[str, str]) -> Render:
    def env_var(name: str, default: str | None = None) -> str:
        value = environ.get(name, default)
        if value is None:
            raise MissingVariableError(name)
        return value

    # The output is YAML, not HTML, so nothing is escaped.
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.globals = {"env_var": env_var}
    return lambda source: environment.from_string(source).render()


MAIN = "main"  # the environment of projects without `environments`

_UNSET = "env_var "  # with the name of a variable: used instead of an Environment ID

FIND_IDS = "find the IDs in Heap under Account > Manage > Projects"


def app_id(value: Any) -> str:
    """Return a Heap Environment ID. Raises ValueError, whose text does not repeat it."""
    digits = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(digits, str) and re.fullmatch(r"[0-9]+", digits):
        return digits
    raise ValueError(f"is not a valid Environment ID (digits only); {FIND_IDS}")


def _declared_app_id(value: Any) -> str:
    return value if isinstance(value, str) and unset_variable(value) else app_id(value)


def region(value: Any) -> str:
    """Return a Heap region. Raises ValueError that suggests the nearest."""
    return one_of(value, HOSTS)


def _mapping(value: Any) -> Any:
    # The value may be an Environment ID, which is not repeated.
    if isinstance(value, Mapping):
        return value
    what = describe(value) if value is None or isinstance(value, list) else "a single value"
    raise ValueError(f"must be a mapping, not {what}")


# Defaults are not validated, so `= None` means "not set"; the validators refuse `key: null`.
_Text = Annotated[str | None, BeforeValidator(text)]
_Texts = Annotated[tuple[str, ...], BeforeValidator(texts)]
_AppId = Annotated[str, BeforeValidator(_declared_app_id)]
_OneAppId = Annotated[str | None, BeforeValidator(_declared_app_id)]
_Region = Annotated[str | None, BeforeValidator(region)]
_Number = Annotated[int | None, BeforeValidator(whole_number)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NeverSend(_Strict):
    """Columns that no sync may send: by tag, by a key of their meta that is true, or by glob of their name."""

    tags: _Texts = ()
    meta: _Texts = ()
    columns: _Texts = ()


class ExposureVars(_Strict):
    """What `dbt-heap exposures` writes for every sync."""

    owner_name: _Text = None
    owner_email: _Text = None
    url: _Text = None


class Environment(BaseModel):
    """One Heap environment: its Environment IDs by dbt target, and its settings."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    __pydantic_extra__: dict[str, _AppId] = Field(init=False, repr=False)

    region: _Region = None
    events_per_minute: _Number = None

    @property
    def app_ids(self) -> Mapping[str, str]:
        """Return the Environment ID for each dbt target."""
        return self.__pydantic_extra__

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        # pydantic would show the Environment IDs too
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
        """Return the environments that a block can name."""
        return tuple(self.environments) or (MAIN,)

    @property
    def names_destinations(self) -> bool:
        """Return whether the project sets Environment IDs; if not, environment variables do."""
        return bool(self.app_id or self.app_ids or self.environments)


def read_block(block: Any, place: Place, environ: Mapping[str, str]) -> tuple[HeapVars, list[Mistake]]:
    """Return the valid settings of the block, and the mistakes in the others."""
    try:
        values, mistakes = rendered(_mapping(block), place, environ, partial(_unset_app_id, place))
    except ValueError as refusal:
        return HeapVars(), [place.mistake(str(refusal))]
    except RecursionError:
        return HeapVars(), [place.mistake("it contains itself, by a YAML alias")]
    validated = parse_model(HeapVars, values, place)
    unrendered = {each.key for each in mistakes}  # validating these would only add a second mistake
    mistakes += [each for each in validated.mistakes if each.key not in unrendered]
    return validated.value, [*mistakes, *_contradictions(validated.value, place)]


def _unset_app_id(block: Place, place: Place, variable: str) -> str | None:
    """Return a stand-in for an Environment ID whose variable is not set: only a sync that needs it fails."""
    within = place.key.removeprefix(f"{block.key}.")
    is_app_id = re.fullmatch(r"app_id|app_ids\..+|environments\.[^.]+\.(?!region$|events_per_minute$).+", within)
    return _UNSET + variable if is_app_id else None


def unset_variable(declared: str) -> str | None:
    """Return the unset environment variable of a declared Environment ID; None if it has a value."""
    return declared.removeprefix(_UNSET) if declared.startswith(_UNSET) else None


def _contradictions(heap_vars: HeapVars, place: Place) -> Iterator[Mistake]:
    given = [key for key in ("app_id", "app_ids", "environments") if getattr(heap_vars, key)]
    if len(given) > 1:
        yield place.mistake(f"only one of app_id, app_ids and environments can be set, not {' and '.join(given)}")
    for name, environment in heap_vars.environments.items():
        for target in environment.app_ids:
            if near := did_you_mean(target, Environment.model_fields, cutoff=0.8):
                text = f"this is read as the Environment ID of a dbt target with this name{near}"
                yield place.at("environments", name, target).mistake(text)
    variables = Counter(map(variable_of, heap_vars.environments))
    for name in heap_vars.environments:
        if variables[variable_of(name)] > 1:
            yield place.at("environments", name).mistake(
                f"another environment has the same environment variable, {variable_of(name)}: rename one"
            )


def variable_of(environment: str, name: str = "HEAP_APP_ID") -> str:
    """Return the environment variable of one of several environments: for its Environment ID, or as `name` says."""
    return f"{name}__" + re.sub(r"[^A-Za-z0-9]", "_", environment).upper()
