"""A dbt project as it is after `dbt run`: a manifest, a profile, and tables in a warehouse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml
from click.testing import CliRunner

from dbt_heap.cli.group import group
from dbt_heap.sandbox.server import Sandbox
from tests.warehouses import Engine

HANGS_SECONDS = 300  # after which a process counts as hanging; no test depends on the exact value
GENERATE_SCHEMA_NAME = """{% macro generate_schema_name(custom_schema_name, node) %}
    {%- set own = node.name != 'dbt_heap_state' -%}
    {{ custom_schema_name or target.schema if own else default__generate_schema_name(custom_schema_name, node) }}
{% endmacro %}"""
SCHEMA = "https://schemas.getdbt.com/dbt/manifest/v12.json"


@dataclass(frozen=True)
class Outcome:
    """The output and exit code of a command."""

    exit_code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """Return stdout parsed as JSON."""
        return json.loads(self.stdout)


def dbt_heap(*arguments: str, **environment: str) -> Outcome:
    """Run a command in this process. Of the variables of dbt and dbt-heap, set only these."""
    without = {name: None for name in os.environ if name.startswith(("DBT_", "HEAP_"))}
    with patch.dict(os.environ):  # a command may set variables from `.env`
        ran = CliRunner().invoke(group, arguments, env={**without, **environment})
    if ran.exception and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return Outcome(ran.exit_code, ran.stdout, ran.stderr)


def wait_for_requests(heap: Sandbox, requests: int, process: subprocess.Popen[str]) -> None:
    """Wait until Heap has received so many requests from a process. Fail if the process ends first."""
    wait_until(lambda: len(heap.requests()) >= requests, process)


def wait_until(well: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait until a condition is true while a process runs. Fail if the process ends first."""
    while not well():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


class Project:
    """A project in a folder; commands run with `environment`."""

    def __init__(self, folder: Path, heap_url: str, engine: Engine, *, app_id: str = "1234567890") -> None:
        self.folder = folder
        self.engine = engine
        self.state_schema = f"{engine.default_schema}_dbt_heap"  # as dbt's generate_schema_name names it
        self.environment = {"HEAP_BASE_URL": heap_url}
        self.nodes: dict[str, Any] = {}
        self.vars: dict[str, Any] = {"app_id": app_id}
        self.settings: dict[str, Any] = {}  # other settings in dbt_project.yml
        self.schema = SCHEMA
        self.metadata: dict[str, str] = {}  # other metadata of the manifest
        self.manifest_text: str | None = ""  # written instead of the manifest; empty: the manifest itself
        self.run_results_text: str | None = ""  # the content of run_results.json; empty: a successful build
        self.profile()

    def profile(self, **changes: Any) -> None:
        """Write the profile, with the given values changed."""
        self.engine.output.update(changes)
        self._write("profiles.yml", {"shop": {"target": "dev", "outputs": {"dev": self.engine.output}}})

    def table(self, name: str, select: str, *, schema: str | None = None) -> None:
        """Build a model as dbt would."""
        self.engine.table(schema or self.engine.default_schema, name, select)

    def declare(
        self, name: str, heap: Any, *, columns: Mapping[str, Mapping[str, Any]] | Sequence[str] = (), **node: Any
    ) -> None:
        """Declare a sync on a model whose YAML lists `columns`."""
        listed = columns if isinstance(columns, Mapping) else {column: {} for column in columns}
        schema = node.pop("schema", self.engine.default_schema)
        config = {"database": node.get("database"), "schema": None}
        if schema != self.engine.default_schema:
            self._name_schemas()
            config["schema"] = schema
        unique_id = f"model.shop.{name}"
        self.nodes[unique_id] = {
            "unique_id": unique_id,
            "name": name,
            "resource_type": "model",
            "package_name": "shop",
            "database": self.engine.database,
            "schema": schema,
            "alias": name,
            "relation_name": self.engine.relation_name(schema, name),
            "patch_path": "shop://models/heap.yml",
            "original_file_path": f"models/{name}.sql",
            "config": {"materialized": "table", "meta": {} if heap is None else {"heap": heap}, **config},
            "columns": {
                column: {"name": column, "config": {"meta": {}, **config}} for column, config in listed.items()
            },
            **node,
        }

    def _name_schemas(self) -> None:
        """Put models with a custom schema in the schema of exactly that name, as many projects do."""
        macros = self.folder / "macros"
        macros.mkdir(exist_ok=True)
        (macros / "generate_schema_name.sql").write_text(GENERATE_SCHEMA_NAME)

    def run(self, *arguments: str, **environment: str) -> Outcome:
        """Run a dbt-heap command in the project's folder."""
        self.write()
        return self.bare(
            *arguments, "--project-dir", str(self.folder), "--profiles-dir", str(self.folder), **environment
        )

    def bare(self, *arguments: str, **environment: str) -> Outcome:
        """Run a dbt-heap command with exactly these arguments."""
        return dbt_heap(*arguments, **{**self.environment, **environment})

    def sync(self, *arguments: str, **environment: str) -> Outcome:
        """Run `dbt-heap sync`."""
        return self.run("sync", *arguments, **environment)

    def start_sync(self, *arguments: str, program: Sequence[str] = ("-m", "dbt_heap")) -> subprocess.Popen[str]:
        """Start `dbt-heap sync` in a new process with readable output."""
        self.write()
        folder = str(self.folder)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "HEAP_"))}
        return subprocess.Popen(
            [sys.executable, *program, "sync", "--project-dir", folder, "--profiles-dir", folder, *arguments],
            env={**kept, **self.environment}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def results(self) -> dict[str, Any]:
        """Return the syncs of the last heap_results.json by name."""
        found = json.loads((self.folder / "target" / "heap_results.json").read_bytes())
        return {each["name"]: each for each in found["syncs"]}

    def write(self) -> None:
        """Write the project file and the manifest."""
        project = {"name": "shop", "version": "1.0", "profile": "shop", "vars": {"dbt_heap": self.vars}}
        self._write("dbt_project.yml", project | self.settings)
        metadata = {
            "dbt_schema_version": self.schema,
            "dbt_version": "1.11.0",
            "project_name": "shop",
            "adapter_type": self.engine.adapter_type,
            "invocation_id": "00000000-0000-0000-0000-000000000000",
            **self.metadata,
        }
        target = self.folder / "target"
        target.mkdir(exist_ok=True)
        text = json.dumps({"metadata": metadata, "nodes": self.nodes, "sources": {}})
        (target / "manifest.json").unlink(missing_ok=True)
        if self.manifest_text is not None:
            (target / "manifest.json").write_text(self.manifest_text or text)
        self._write_run_results(target / "run_results.json", metadata)

    def _write_run_results(self, path: Path, metadata: Mapping[str, str]) -> None:
        path.unlink(missing_ok=True)
        results = [
            {"unique_id": unique_id, "status": "pass" if node["resource_type"] == "test" else "success"}
            for unique_id, node in self.nodes.items()
        ]
        text = json.dumps({"metadata": metadata, "args": {"which": "build"}, "results": results})
        if self.run_results_text is not None:
            path.write_text(self.run_results_text or text)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement in the warehouse and return its rows."""
        return self.engine.sql(statement)

    def state(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement in which `state.` stands for the state schema, and return its rows."""
        return self.sql(statement.replace("state.", f"{self.state_schema}."))

    def state_tables(self) -> set[str]:
        """Return the names of tables and views in the state schema, in lower case."""
        return {name.lower() for name in self.engine.relations(self.state_schema)}

    def _write(self, name: str, content: Any) -> None:
        (self.folder / name).write_text(yaml.safe_dump(content))
