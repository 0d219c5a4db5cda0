"""Render every statement of real runs with each adapter's own macros, and parse it in its dialect."""

from __future__ import annotations

from typing import Any

import agate
import pytest
import sqlglot
from sqlglot import exp

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import running
from dbt_heap.syncs.columns import ValueClass
from dbt_heap.warehouse.connection import Warehouse
from tests.offline_adapters import on_every_adapter
from tests.project import Project
from tests.warehouses import DuckDB, Engine

NEEDS_CONNECTION = {  # macros that query the warehouse while they are rendered, for its schemas or its version
    "bigquery": {"catalog", "access"}, "databricks": {"newest_entries", "read_lock", "delete_older_than"},
    "spark": {"catalog", "access"},
}  # fmt: skip

USERS = """
select
    'u' || i as user_id, i as plan, i * 1.5 as score, 2.5::double as rate, [i] as tags, now() as seen
from generate_series(1, 30) as t(i)
"""
ORDERS = "select 1 as order_id, 'u1' as user_id, 'Order' as name, now() as at, 2.5::double as total, true as paid"


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, dict[str, Any]]]:
    """Return every call of a macro, with its arguments, from a first sync to `state reset`."""
    called: list[tuple[str, dict[str, Any]]] = []
    with pytest.MonkeyPatch.context() as patch, running(SandboxOptions(rate_limits=False)) as heap:
        statements = Warehouse._statements

        def noting(warehouse: Warehouse, macro: str, arguments: dict[str, Any]) -> list[str]:
            called.append((macro, arguments))
            return statements(warehouse, macro, arguments)

        patch.setattr(Warehouse, "_statements", noting)
        folder = tmp_path_factory.mktemp("project")
        live(Project(folder, heap.url, DuckDB(folder)))
    return called


def live(project: Project) -> None:
    """Do everything that can happen to users and events."""
    properties = {"Plan": "plan", "It's": "score", "rate": "rate", "tags": "tags", "seen": "seen"}
    project.table("heap_users", USERS)
    project.declare(
        "heap_users",
        {"type": "user_properties", "identity": "user_id", "max_rows": "100%", "allow_rejected": "1%",
         "too_long": "reject", "log": True, "properties": properties},
    )  # fmt: skip
    project.table("heap_orders", ORDERS)
    project.declare(
        "heap_orders",
        {"type": "events", "identity": "user_id", "unique_key": ["order_id", "user_id"], "event_name_column": "name",
         "timestamp": "at", "begin": "2020-01-01", "lookback": "3 days", "log": True,
         "properties": ["total", "paid"]},
    )  # fmt: skip
    project.sync()
    project.sql("update heap_users set plan = plan + 1 where plan < 15")
    project.sql("insert into heap_users values ('undefined', 1, 1, 1, [1], now())")
    project.sql("insert into heap_orders values (2, 'u2', 'Order', now(), null, null)")
    project.declare(
        "heap_users", {"type": "user_properties", "identity": "user_id", "properties": {**properties, "Raw": "plan"}}
    )
    for command in (
        "sync",
        "sync --resync",
        "plan",
        "show",
        "rejects",
        "rejects --with-values",
        "rejects --reason too_long --since 7d",
        "runs",
        "runs --since 2026-01-01 --status success",
        "sync",
    ):
        project.run(*command.split())
    (project.folder / "keys").write_text("u1\n")
    assert project.run("explain", "--key-file", str(project.folder / "keys")).exit_code == 0
    relation = project.engine.relation_name("main", "heap_users")
    project.state(
        "insert into state.builds (model, relation, invocation_id, status) "
        f"values ('model.shop.heap_users', '{relation}', '1', 'built')"
    )
    project.run("sync", "--built")
    project.vars["retain_days"] = 30
    project.state('update state.sync_log set "at" = "at" - interval \'40 days\'')
    project.sync()
    for name, how in (
        ("heap_users", ("--from-relation", "main.heap_users")),
        ("heap_orders", ("--before", "2026-03-01")),
    ):
        project.run("state", "reset", name, "--yes")
        assert project.run("state", "adopt", name, *how).exit_code == 0
    project.table("gone", "select 'u3' as user_id")
    project.declare("gone", {"type": "user_deletions", "identity": "user_id"})
    assert project.sync("--allow-deletions", "--yes", HEAP_API_KEY="secret-key").exit_code == 0
    assert project.run("state", "forget", "--key-file", str(project.folder / "keys")).exit_code == 0
    project.sql("insert into heap_orders select i, 'u2', 'Order', now(), 1, true from generate_series(10, 14) as t(i)")
    project.sync()
    project.sql("update heap_orders set order_id = order_id + 100")
    project.sql("update heap_users set user_id = 'x' || user_id")
    assert project.sync().exit_code == 1
    renamed = {**project.nodes["model.shop.heap_users"]["config"]["meta"]["heap"], "name": "people"}
    project.declare("heap_users", renamed)
    assert "renamed_from" in project.run("plan").stdout


@pytest.mark.filterwarnings("ignore:Valid config keys have changed in V2")  # of dbt-databricks
@on_every_adapter
def test_every_statement_parses_in_each_dialect(
    offline_warehouse: Warehouse, calls: list[tuple[str, dict[str, Any]]]
) -> None:
    parsed = 0
    for macro, arguments in calls:
        if macro in NEEDS_CONNECTION.get(offline_warehouse.adapter_type, ()):
            continue
        for statement in rendered(offline_warehouse, macro, arguments):
            tree = sqlglot.parse_one(statement, read=offline_warehouse.adapter_type)
            assert not unquoted_reserved(tree, offline_warehouse.adapter_type), statement
            parsed += 1
    assert parsed > 120
    assert {
        "append_property_log", "delete_older_than", "purge", "rows_in_open_requests", "close_requests", "log_digests",
        "recomputed_keys", "acknowledged_rows",
    } <= {macro for macro, _ in calls}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Valid config keys have changed in V2")  # of dbt-databricks
@on_every_adapter
def test_statements_of_generic_tests_and_hooks_parse_in_each_dialect(offline_warehouse: Warehouse) -> None:
    def written(name: str, **arguments: Any) -> str:
        return str(offline_warehouse._adapter.execute_macro(name, project="dbt_heap", kwargs=arguments))

    names = ("relation", "status", "failed_tests", "passed_tests")
    builds = [{"model": "model.shop.users", **dict.fromkeys(names, each)} for each in ("it's", None)]
    statements = [written("insert_builds", builds=builds)]
    reasons = [written(f"{name}_reason", column="user_id") for name in ("identity", "event_name", "property")]
    reasons += [written("property_reason", column="user_id", value_class=str(each)) for each in ValueClass]
    statements += [written("rows_by_reason", tested="heap_users", reason=reason) for reason in reasons]
    for statement in statements:
        tree = sqlglot.parse_one(statement, read=offline_warehouse.adapter_type)
        assert not unquoted_reserved(tree, offline_warehouse.adapter_type), statement


RELATIONS: list[dict[str, Any]] = [
    {"database": database, "schema": "it's", "identifier": name, "sql": name, "kind": "table"}
    for database, name in (("shop", "a"), ("other", "b"))
]


@pytest.mark.filterwarnings("ignore:Valid config keys have changed in V2")  # of dbt-databricks
@on_every_adapter
def test_queries_about_missing_relations_parse_in_each_dialect(offline_warehouse: Warehouse) -> None:
    def written(name: str, **arguments: Any) -> Any:
        return offline_warehouse._adapter.execute_macro(name, project="dbt_heap", kwargs=arguments)

    needs_connection = offline_warehouse.adapter_type in ("bigquery", "spark")
    statements = [written("no_rows", relation="a")]
    statements += [] if needs_connection else [written("access", relation=each) for each in RELATIONS]
    plain = [{**each, "schema": "sales"} for each in RELATIONS]
    statements += written("grants", needs=["usage", "select", "columns"], relations=plain, role="r", columns=["a", "b"])
    if offline_warehouse.adapter_type == "redshift":
        statements += [written(f"redshift_{kind}_columns", relations=RELATIONS) for kind in ("unbound", "shared")]
    for statement in statements:
        tree = sqlglot.parse_one(statement, read=offline_warehouse.adapter_type)
        assert not unquoted_reserved(tree, offline_warehouse.adapter_type), statement


@pytest.mark.filterwarnings("ignore:Valid config keys have changed in V2")  # of dbt-databricks
@pytest.mark.parametrize("offline_warehouse", ["databricks"], indirect=True)
def test_hive_metastore_is_read_together_with_unity_catalog(
    offline_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    shown: dict[str, list[list[Any]]] = {
        "show schemas in `hive_metastore`": [["databaseName"], ["sales"]],
        "show table extended in `hive_metastore`.`sales` like 'a'": [
            ["database", "tableName", "isTemporary", "information"],
            ["sales", "a", False, "Type: VIEW\nSchema: root\n |-- user_id: string (nullable = true)\n"],
        ],
    }

    def execute(sql: str, **_: Any) -> tuple[str, agate.Table]:
        asked.append(sql.strip())
        names, *rows = shown[sql.strip()]
        types = [agate.Boolean() if name == "isTemporary" else agate.Text() for name in names]
        return "OK", agate.Table(rows, names, types)

    monkeypatch.setattr(offline_warehouse._adapter, "execute", execute)
    relations = [
        {"database": "hive_metastore", "schema": "sales", "identifier": "a"},
        {"database": "main", "schema": "sales", "identifier": "b"},
    ]
    for wanted in (relations, relations[:1]):
        asked.clear()
        statement = str(
            offline_warehouse._adapter.execute_macro("catalog", project="dbt_heap", kwargs={"relations": wanted})
        )
        assert asked == list(shown)
        assert sqlglot.parse_one(statement, read="databricks")
        assert "('hive_metastore', 'sales', 'a', 'user_id', 'string')" in statement
        assert ("`main`.`information_schema`" in statement) == (len(wanted) == 2)


REDSHIFT = """
    create function pg_get_late_binding_view_cols() returns setof record language sql as $$
        select 'sales'::name, 'late'::name, column_name::name, data_type::varchar, place
        from (values ('paid', 'numeric(9,2)', 2), ('user_id', 'character varying(256)', 1))
            as cols (column_name, data_type, place)
        union all select 'other'::name, 'late'::name, 'n'::name, 'integer'::varchar, 1
    $$;
    create table svv_external_columns as select 'sales' as schemaname, 'Spectrum' as tablename, 'user_id' as columnname,
        'varchar(20)' as external_type, 1 as columnnum;
    create table svv_all_columns as select 'lake' as database_name, 'sales' as schema_name, 'shared' as table_name,
        'paid' as column_name, 'numeric' as data_type, 9 as numeric_precision, 2 as numeric_scale,
        1 as ordinal_position;
"""


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
@pytest.mark.parametrize("offline_warehouse", ["redshift"], indirect=True)
def test_columns_that_redshift_does_not_list_are_read_from_its_own_views(
    offline_warehouse: Warehouse, engine: Engine
) -> None:
    def read(kind: str, database: str, *names: str) -> list[tuple[Any, ...]]:
        relations = [{"database": database, "schema": "sales", "identifier": name} for name in names]
        statement = offline_warehouse._adapter.execute_macro(
            f"redshift_{kind}_columns", project="dbt_heap", kwargs={"relations": relations}
        )
        return engine.sql(str(statement).replace("pg_catalog.svv_", "svv_"))

    engine.sql(REDSHIFT)  # Redshift's views, as tables
    assert read("unbound", "shop", "late", "spectrum") == [
        ("shop", "sales", "Spectrum", "user_id", "varchar(20)"),
        ("shop", "sales", "late", "user_id", "character varying(256)"),
        ("shop", "sales", "late", "paid", "numeric(9,2)"),
    ]
    assert read("shared", "lake", "shared") == [("lake", "sales", "shared", "paid", "numeric(9,2)")]


def unquoted_reserved(tree: exp.Expr, dialect: str) -> set[str]:
    """Return a dialect's reserved words that a statement uses as unquoted names. sqlglot knows those of some dialects.

    It counts `type` as one of Redshift's, whose list does not have it: https://docs.aws.amazon.com/redshift/latest/dg/r_pg_keywords.html
    """
    reserved = sqlglot.Dialect.get_or_raise(dialect).generator_class.RESERVED_KEYWORDS - {"type"}
    return {each.name for each in tree.find_all(exp.Identifier) if not each.quoted and each.name.lower() in reserved}


@pytest.mark.parametrize("dialect", ["bigquery", "redshift"])
def test_unquoted_reserved_word_is_found(dialect: str) -> None:
    bare = sqlglot.parse_one("select count(*) as new from t", read=dialect)
    assert unquoted_reserved(bare, dialect) == {"new"}
    assert not unquoted_reserved(sqlglot.parse_one("select count(*) as new_rows from t", read=dialect), dialect)


def rendered(warehouse: Warehouse, macro: str, arguments: dict[str, Any]) -> list[str]:
    """Render a macro's statements, and a select among its arguments, with the adapter's macros."""

    def written(name: str, arguments: dict[str, Any]) -> Any:
        return warehouse._adapter.execute_macro(name, project="dbt_heap", kwargs=arguments)

    if str(arguments.get("outbox", "")).startswith("("):
        plan = arguments.get("plan") or {}
        arguments = {**arguments, "outbox": f"({written('outbox_rows', {'plan': plan})})" if plan else "outbox"}
    result = written(macro, arguments)
    return result if isinstance(result, list) else [str(result)]
