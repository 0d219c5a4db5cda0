"""Read environment variables as dbt does: those of the process, then those of a `.env` file.

dbt prefers `DBT_ENGINE_X` to `DBT_X` since 1.11, and reads the nearest `.env` above the working directory since 1.12:
https://github.com/dbt-labs/dbt-core/blob/main/core/dbt/cli/params.py and main.py next to it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import find_dotenv
from dotenv.main import DotEnv

from dbt_heap.errors import SettingsError

_PREFIX, _ENGINE_PREFIX = "DBT_", "DBT_ENGINE_"


@dataclass(frozen=True)
class EnvFile:
    """A `.env` file and the variables that it adds to those of the process."""

    path: Path
    variables: Mapping[str, str] = field(repr=False)


def dbt_variables(name: str) -> list[str]:
    """Return the variables that dbt reads for one of its options, the preferred one first: `DBT_TARGET` has two."""
    return [_ENGINE_PREFIX + name.removeprefix(_PREFIX), name]


def read_env_file() -> EnvFile | None:
    """Return the `.env` file that dbt would read from the working directory; None if there is none.

    As in dbt, a variable of the process wins. Raises SettingsError if the file is not UTF-8 text.
    """
    found = find_dotenv(usecwd=True)
    if not found:
        return None
    try:
        values = DotEnv(found, override=False, encoding="utf-8").dict()
    except OSError as refusal:
        raise SettingsError(f"{found} cannot be read: {refusal.strerror}. {_ENV_FILE_REMEDY}") from None
    except ValueError:  # includes UnicodeDecodeError
        raise SettingsError(f"{found} is not UTF-8 text. {_ENV_FILE_REMEDY}") from None
    given = {name: value for name, value in values.items() if value is not None and name not in os.environ}
    if broken := sorted(name for name, value in given.items() if "\0" in name + value or not name):
        raise SettingsError(f"{found}: the value of {', '.join(broken)} contains a NUL character. {_ENV_FILE_REMEDY}")
    return EnvFile(Path(found), given)


_ENV_FILE_REMEDY = "dbt 1.12 and dbt-heap read environment variables from it: fix the file, or move it away"


def environment() -> dict[str, str]:
    """Return all variables, those of `.env` included. Raises as `read_env_file` does."""
    file = read_env_file()
    return {**(file.variables if file else {}), **os.environ}


def with_both_names(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with each `DBT_ENGINE_X` also under its older name `DBT_X`, as dbt gives them to Jinja."""
    older = {_PREFIX + name.removeprefix(_ENGINE_PREFIX): value for name, value in environ.items() if _is_engine(name)}
    return {**environ, **older}


def _is_engine(name: str) -> bool:
    return name.startswith(_ENGINE_PREFIX)
