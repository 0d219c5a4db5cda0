"""`env_var` in the project's own block, which dbt does not render there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from dbt_heap.errors import Mistake
from dbt_heap.reading import Place

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
        mistakes.append(place.mistake(f"the environment variable {missing} is not set, and no default is given"))
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
