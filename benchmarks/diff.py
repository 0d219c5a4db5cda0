"""## The diff

This measures the statement that finds what is new or changed, executed by the warehouse itself, in turns with what a
person could write by hand. If nothing changed, that is the bare inner join of model and state by their key, counting
one column. If one row in a hundred changed, it is a left join that compares the six values and looks for repeated keys,
into a table. The whole command also starts a process, reads dbt's macros, and writes its steps to the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import by_turns, dbt_heap, table, timed
from benchmarks.sink import sink
from benchmarks.users import PROPERTIES, build, on_duckdb, project_of_users
from dbt_heap.project.settings import Settings
from dbt_heap.state.open import open_state
from dbt_heap.state.plan import DiffOptions
from dbt_heap.state.sync_state import SyncState
from dbt_heap.syncs.invocation import invoke
from tests.project import Project
from tests.warehouses import Postgres, postgres_server

BARE_JOIN = (
    "select count(synced.{column}) from heap_users as model join {synced} as synced on synced.key = model.user_id"
)
BY_HAND = """
create table {outbox} as
with changed as (
    select model.* from heap_users as model left join {synced} as synced on synced.key = model.user_id
    where synced.key is null or {differs}
),
repeated as (
    select user_id from heap_users where user_id in (select user_id from changed) group by user_id having count(*) > 1
)
select changed.*, repeated.user_id is not null as is_repeated
from changed left join repeated on repeated.user_id = changed.user_id
"""
ONE_IN_A_HUNDRED = "case when id % 100 = {round} then 1 else 0 end"


def measure(rows: int = 10_000_000, runs: int = 5) -> None:
    """Print a table for DuckDB and one for Postgres."""
    with sink() as url:
        with on_duckdb(url, memory_limit="8GB") as project:
            print(f"DuckDB, {rows:,} users:\n")
            measure_on(project, rows, runs)
        with on_postgres(url) as project:
            print(f"Postgres, {rows:,} users:\n")
            measure_on(project, rows, runs)


@contextmanager
def on_postgres(url: str) -> Iterator[Project]:
    """Yield the project on its own Postgres server."""
    with TemporaryDirectory(prefix="dbt-heap-") as folder, postgres_server() as host:
        yield project_of_users(Path(folder), url, Postgres(host))


def measure_on(project: Project, rows: int, runs: int) -> None:
    """Print the times if nothing changed, and if 1% changed."""
    build(project, rows)
    dbt_heap(project, "sync", "--first-sync")()
    sync = dbt_heap(project, "sync")
    statements = _statements(project)
    _analyze(project)
    unchanged = _by_turns(project, statements, ("bare join", "dbt-heap's diff"), runs)
    unchanged["the whole command"] = timed(sync)
    build(project, rows, grown=ONE_IN_A_HUNDRED.format(round=7))
    _analyze(project)
    changed = _by_turns(project, statements, ("by hand", "dbt-heap's diff"), runs)
    changed["the whole command"] = timed(sync)
    table(
        ("nothing changed", "time", "relative to the bare join"),
        [(name, f"{took:.2f} s", f"{took / unchanged['bare join']:.2f}") for name, took in unchanged.items()],
    )
    table(
        ("1% changed", "time", "relative to the query by hand"),
        [(name, f"{took:.2f} s", f"{took / changed['by hand']:.2f}") for name, took in changed.items()],
    )


def _by_turns(project: Project, statements: dict[str, str], names: tuple[str, ...], runs: int) -> dict[str, float]:
    """Return the median seconds of statements, each on its own connection and into a table that does not exist."""
    contenders = {name: partial(project.sql, statements[name]) for name in names}
    return by_turns(contenders, runs, before=lambda: project.sql(f"drop table if exists {statements['outbox']}"))


def _analyze(project: Project) -> None:
    """Update statistics, as a warehouse does by itself a little later."""
    project.sql("analyze")


def _statements(project: Project) -> dict[str, str]:
    """Return statements by name, and the name of the table that they create."""
    settings = Settings(project_dir=project.folder, profiles_dir=project.folder, environ=project.environment)
    invocation = invoke(settings)
    (sync,) = invocation.selected
    with open_state(invocation) as store:
        comparison = SyncState(store, sync, invocation.destination(sync, store.target).label).compare(DiffOptions())
        outbox = f"{project.engine.default_schema}.bench_outbox"
        ours = store.warehouse.render("create_outbox", plan=comparison.arguments(outbox=outbox))
        stored = {column.column: column.stored for column in comparison.columns}
        synced = comparison.tables["synced"]
    differs = " or ".join(f"model.{name} is distinct from synced.{stored[name]}" for name in PROPERTIES)
    return {
        "outbox": outbox,
        "dbt-heap's diff": ours,
        "bare join": BARE_JOIN.format(synced=synced, column=stored["plan"]),
        "by hand": BY_HAND.format(outbox=outbox, synced=synced, differs=differs),
    }
