"""Build the measured rows: users with six properties, some or all of which may change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.project import Project
from tests.warehouses import DuckDB, Engine

PROPERTIES = ["plan", "seats", "ltv", "city", "signed_up_at", "is_admin"]
USERS = """
select
    concat('user_', cast(id as {text})) as user_id,
    case id % 4 when 0 then 'free' when 1 then 'team' when 2 then 'pro' else 'enterprise' end as plan,
    cast(id % 97 + {grown} as int) as seats,
    cast(id % 100000 as decimal(12, 2)) as ltv,
    concat('City ', cast(id % 5000 as {text})) as city,
    cast(concat('2026-01-', lpad(cast(id % 28 + 1 as {text}), 2, '0'), ' 12:00:00') as timestamp) as signed_up_at,
    id % 50 = 0 as is_admin
from {numbers}
"""
_NUMBERS = {
    "duckdb": "range({rows}) as numbers(id)",
    "spark": "range({rows}) as numbers",
    "postgres": "generate_series(0, {rows} - 1) as numbers(id)",
}


def build(project: Project, rows: int, *, grown: str = "0") -> None:
    """Build the model `heap_users`; `grown` is an expression that adds to the seats of the user `id`."""
    kind = project.engine.adapter_type
    text = "string" if kind == "spark" else "varchar"
    select = USERS.format(text=text, grown=grown, numbers=_NUMBERS[kind].format(rows=rows))
    project.engine.build(project.engine.default_schema, "heap_users", select)


def project_of_users(folder: Path, url: str, engine: Engine) -> Project:
    """A project that syncs them, on disk."""
    project = Project(folder, url, engine)
    project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": PROPERTIES})
    project.write()
    return project


@contextmanager
def on_duckdb(url: str, *, memory_limit: str | None = None) -> Iterator[Project]:
    """The same in a DuckDB file of its own, which may take so much memory."""
    with TemporaryDirectory(prefix="dbt-heap-") as folder:
        engine: Engine = DuckDB(Path(folder))
        if memory_limit:
            engine.output["settings"] = {"memory_limit": memory_limit}
        yield project_of_users(Path(folder), url, engine)
