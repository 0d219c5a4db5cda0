"""Run macros in the warehouse: each statement commits on its own; results are tables or pages of rows."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import agate
from dbt_common.exceptions import DbtBaseException

from dbt_heap.errors import RunningError, WarehouseError
from dbt_heap.warehouse.dbt_runtime import Comments, working_in
from dbt_heap.warehouse.driver_errors import refusals
from dbt_heap.warehouse.targets import Targets

Row = tuple[Any, ...]

# How long another process may keep a DuckDB file that this run has released.
REOPENING_SECONDS = 60.0
_REOPENING_STEP_SECONDS = 0.1

_NO_SCHEMA = "the state is not in a schema of models: the project's generate_schema_name {} here, so it is in"


class Warehouse:
    """The user's warehouse, opened by dbt's adapter. It is not thread-safe."""

    def __init__(
        self, adapter: Any, comments: Comments, targets: Targets, *, database: str | None, default_schema: str
    ) -> None:
        self._adapter = adapter
        self._project_dir = Path(adapter.config.project_root)
        self._comments = comments
        self.targets = targets
        self.database = database
        self._default_schema = default_schema
        self._connected = False
        self._known = False  # it was opened before
        self.adapter_type: str = adapter.type()
        # Only one process can open a DuckDB file, so it is released while no statement runs.
        self._exclusive = self.adapter_type == "duckdb"

    @property
    def target_name(self) -> str:
        """Return the active target."""
        return self.targets.active

    def state_schema(self, schema: str) -> tuple[str, str]:
        """Return the state's schema, and a note if the project's macro gives it no schema of its own.

        dbt's hooks use the same schema: they call the same macro.
        """
        naming = self.targets.naming(self.targets.active)
        fallback = f"{self._default_schema}_{schema}"
        try:
            named, own = naming.state_schema(schema) if naming else (fallback, True)
        except DbtBaseException as refusal:
            return fallback, f"{_NO_SCHEMA.format(f'fails for it ({type(refusal).__name__})')} {fallback}"
        return named, "" if own else f"{_NO_SCHEMA.format('gives it no schema of its own')} {named}"

    def render(self, macro: str, **arguments: Any) -> Any:
        """Return the value of one of the package's macros. Raises WarehouseError."""
        with refusals(f"the macro {macro}"):
            self._connect()
            return self._adapter.execute_macro(macro, project="dbt_heap", kwargs=arguments)

    def execute(self, macro: str, **arguments: Any) -> None:
        """Run the statements that a macro returns, each committed before the next.

        Raises WarehouseError.
        """
        for statement in self._statements(macro, arguments):
            self._run(macro, statement)

    def query(self, macro: str, **arguments: Any) -> agate.Table:
        """Return the result of a macro's statement, with column names in lower case; for small results.

        Raises WarehouseError.
        """
        (statement,) = self._statements(macro, arguments)
        table = self._run(macro, statement, fetch=True)
        return table.rename(column_names=[name.lower() for name in table.column_names])

    def fetch(self, macro: str, **arguments: Any) -> list[Row]:
        """Return the rows of a macro's statement as the driver returns them: ten times as fast as `query`.

        Raises WarehouseError.
        """
        (statement,) = self._statements(macro, arguments)
        with refusals(macro, statement):
            self._connect()
            with self._adapter.connections.exception_handler(macro):
                rows = self._rows(statement)
            self._adapter.connections.commit_if_has_connection()
            return rows

    @property
    def was_open(self) -> bool:
        """Return whether the connection was ever open; if not, an error is about the connection."""
        return self._known

    @contextmanager
    def about(self, **subject: str) -> Iterator[None]:
        """Add `subject`, such as the sync, to the comments of all statements in the block."""
        self._comments.describe(**subject)
        try:
            yield
        finally:
            self._comments.describe()

    def release(self) -> None:
        """Close a DuckDB file so other processes can open it; keep the connection to any other warehouse."""
        if self._exclusive:
            self.close()

    def close(self) -> None:
        """Close the connection; the next statement opens another."""
        if self._connected:
            self._connected = False
            self._adapter.release_connection()
            self._adapter.cleanup_connections()

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _statements(self, macro: str, arguments: dict[str, Any]) -> list[str]:
        rendered = self.render(macro, **arguments)
        return list(rendered) if isinstance(rendered, list) else [str(rendered).strip()]

    def _run(self, macro: str, statement: str, fetch: bool = False) -> agate.Table:
        with refusals(macro, statement):
            self._connect()
            _, table = self._adapter.execute(statement, auto_begin=True, fetch=fetch)
            self._adapter.connections.commit_if_has_connection()
            return table

    def _rows(self, statement: str) -> list[Row]:
        connections = self._adapter.connections
        if self.adapter_type == "bigquery":  # it has no cursors
            _, rows = connections.raw_execute(self._comments.added(statement))
            return [tuple(row.values()) for row in rows]
        if self.adapter_type != "snowflake":  # its adapter adds the comment
            statement = self._comments.added(statement)
        _, cursor = connections.add_query(statement, auto_begin=True)
        fetched: list[Row] = cursor.fetchall()
        return fetched

    def _connect(self) -> None:
        if not self._connected:
            with working_in(self._project_dir):
                self._connect_in_project()

    def _connect_in_project(self) -> None:
        if not self._known:
            self._raise_if_missing()
        until = time.monotonic() + (REOPENING_SECONDS if self._known else 0.0)
        while not self._open(last=time.monotonic() >= until):
            time.sleep(_REOPENING_STEP_SECONDS)
        self._known = True
        for statement in self._adapter.execute_macro("session_settings", project="dbt_heap"):
            self._adapter.execute(statement, auto_begin=False)

    def _raise_if_missing(self) -> None:
        """Raise WarehouseError if a DuckDB file does not exist; DuckDB would create an empty one."""
        credentials = self._adapter.config.credentials
        path = str(getattr(credentials, "path", "") or ":memory:")
        elsewhere = path.startswith(":") or re.match(r"[a-z]\w+:", path) or getattr(credentials, "attach", None)
        if self._exclusive and not elsewhere and not Path(path).exists():
            missing = WarehouseError(
                f"the DuckDB file {path} does not exist. Run `dbt build` to create it, or correct `path` of the "
                f"target {self.target_name} in profiles.yml"
            )
            missing.absent = True
            raise missing

    def _open(self, last: bool) -> bool:
        """Open the connection; return False if another process has the file, raise RunningError if `last`."""
        self._adapter.acquire_connection("dbt-heap")
        self._connected = True
        try:
            with refusals("to be opened"):
                _ = self._adapter.connections.get_thread_connection().handle
        except RunningError:
            self.close()
            if last:
                raise
            return False
        return True
