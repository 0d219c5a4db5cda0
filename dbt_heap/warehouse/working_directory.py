"""The working directory of dbt: a relative path in a profile starts at the project, wherever the command was typed.

https://github.com/dbt-labs/dbt-core/blob/main/core/dbt/task/base.py, move_to_nearest_project_dir
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Work in a folder for as long as the block runs; in the present one if there is no such folder."""
    if not folder.is_dir():
        yield
        return
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
