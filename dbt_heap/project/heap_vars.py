"""The block `vars: dbt_heap:`, strictly read: all that a project says of dbt-heap beside its models."""

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
from dbt_heap.project.validation import Place, found, identifier, one_of, read, text, texts, whole_number

Render = Callable[[str], str]
StandIn = Callable[[Place, str], "str | None"]  # a place, and the variable that is missing there

_DOES_NOT_RENDER = (
    TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError,
)  # fmt: skip


def rendered(
    value: Any, place: Place, environ: Mapping[str, str], stand_in: StandIn = lambda place, variable: None
) -> tuple[Any, list[Mistake]]:
    """`value` with the Jinja of its texts rendered, and a mistake for every text where that does not work.

    `environ` holds the environment variables. Where one is not set, `stand_in` may give a text in its place, instead of
    a mistake. Keys of mappings are left as they are.
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
        # Only what kind of error it is: its text may hold the value of a variable.
        mistakes.append(
            place.mistake(f"its Jinja does not render ({type(refusal).__name__}); only env_var can be used here")
        )
    return value


class MissingVariableError(Exception):
    """An environment variable is not set; holds its name."""


def _renderer(environ: Mapping[str, str]) -> Render:
    def env_var(name: str, default: str | None = None) -> str:
        value = environ.get(name, default)
        if value is None:
            raise MissingVariableError(name)
        return value

    # YAML is written, not HTML: nothing is to be escaped.
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.globals = {"env_var": env_var}
    return lambda source: environment.from_string(source).render()


MAIN = "main"  # the environment of projects that name none

_UNSET = "env_var "  # stands before the name of a variable, in the place of an app id

FIND_IDS = "find the IDs in Heap under Account > Manage > Projects"


def app_id(value: Any) -> str:
    """An Environment ID of Heap's. Raises ValueError, which does not repeat it."""
    digits = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(digits, str) and re.fullmatch(r"[0-9]+", digits):
        return digits
    raise ValueError(f"is not a valid Environment ID (digits only); {FIND_IDS}")


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
    raise ValueError(f"must be a mapping, not {what}")


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


def read_block(block: Any, place: Place, environ: Mapping[str, str]) -> tuple[HeapVars, list[Mistake]]:
    """What the block says, and what is wrong with it; what is wrong counts as not said."""
    try:
        values, mistakes = rendered(_mapping(block), place, environ, partial(_unset_app_id, place))
    except ValueError as refusal:
        return HeapVars(), [place.mistake(str(refusal))]
    except RecursionError:
        return HeapVars(), [place.mistake("it contains itself, by a YAML alias")]
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
    """The environment variable that holds the app id, or what else `name` says, of one of several environments."""
    return f"{name}__" + re.sub(r"[^A-Za-z0-9]", "_", environment).upper()
