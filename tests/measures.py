"""Measure the package's layout: `make measures` prints the figures, and tests/test_measures.py holds their limits."""

from __future__ import annotations

import ast
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "dbt_heap"
SMALL_LINES = 40

# A limit may fall. It may rise only with a reason in docs/decisions/0021-layout.md.
LIMITS: Mapping[str, int] = {
    "top-level entries": 15,
    "modules": 154,
    "modules under 40 lines": 23,
    "lines of Python": 20_700,
    "longest module, in lines": 249,
    "longest function, in lines": 50,
    "most parameters of a function": 8,
    "imports between top-level entries": 49,
    "module names that exist twice": 6,
    "local imports and imports by name": 2,
    "macro files": 90,
    "modules that one sync passes through": 75,
    "folders that one sync passes through": 10,
}


@cache
def sources() -> dict[Path, ast.Module]:
    """Return the syntax tree of every module of the package."""
    return {path: ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}


def measures() -> dict[str, int]:
    """Return the figures that the source shows, by the names of `LIMITS`."""
    lines = {path: path.read_text().count("\n") for path in sources()}
    functions = [node for tree in sources().values() for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    names = Counter(path.stem for path in sources() if path.stem != "__init__")
    return {
        "top-level entries": len({path.relative_to(PACKAGE).parts[0] for path in sources()}),
        "modules": len(lines),
        "modules under 40 lines": sum(count < SMALL_LINES for count in lines.values()),
        "lines of Python": sum(lines.values()),
        "longest module, in lines": max(lines.values()),
        "longest function, in lines": max((each.end_lineno or 0) - each.lineno + 1 for each in functions),
        "most parameters of a function": max(map(_parameters, functions)),
        "imports between top-level entries": len(set(_imports())),
        "module names that exist twice": sum(count > 1 for count in names.values()),
        "local imports and imports by name": sum(map(_late_imports, sources().values())),
        "macro files": len(list((ROOT / "macros").rglob("*.sql"))),
    }


def _parameters(function: ast.FunctionDef) -> int:
    """Return the number of parameters without `self`, `cls`, `*args` and `**kwargs`."""
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return sum(each.arg not in ("self", "cls") for each in every)


def _imports() -> Iterator[tuple[str, str]]:
    """Yield each import from one top-level entry of the package to another."""
    entries = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in sources()}
    for path, tree in sources().items():
        here = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "dbt_heap":
                _, *inner = (node.module or "").split(".")
                found = {inner[0]} if inner else {alias.name for alias in node.names}
                yield from ((here, there) for there in found & entries if there != here)


def _late_imports(tree: ast.Module) -> int:
    """Return how often a function imports, or imports a module of the package by its name."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    local = [each for node in functions for each in ast.walk(node) if isinstance(each, (ast.Import, ast.ImportFrom))]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    by_name = [each for each in calls if ast.unparse(each.func).endswith(("import_module", "__import__"))]
    return len(local) + sum("dbt_heap" in ast.unparse(each) for each in by_name)


def modules_of_a_sync() -> set[Path]:
    """Return the modules whose functions run in a first sync of users, accounts and events on DuckDB."""
    from tests.project import Project
    from tests.warehouses import DuckDB

    seen: set[str] = set()
    with TemporaryDirectory() as folder, _sandbox() as url:
        project = Project(Path(folder), url, DuckDB(Path(folder)))
        project.table("heap_users", "select 'ana' as user_id, 'team' as plan")
        project.table("heap_accounts", "select 'acme' as account_id, 'gold' as tier")
        project.table("heap_orders", "select 1 as order_id, 'ana' as user_id, 5 as total")
        project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": ["plan"]})
        project.declare(
            "heap_accounts", {"type": "account_properties", "account_id": "account_id", "properties": ["tier"]}
        )
        project.declare(
            "heap_orders",
            {"type": "events", "identity": "user_id", "event_name": "Order", "unique_key": "order_id"},
        )
        project.write()
        _record(seen, lambda: _sync(Path(folder), url))
    return {path for path in sources() if str(path) in seen}


def _sandbox() -> Any:
    from dbt_heap.sandbox.options import SandboxOptions
    from dbt_heap.sandbox.server import running

    class Address:
        def __enter__(self) -> str:
            self._server = running(SandboxOptions())
            return str(self._server.__enter__().url)

        def __exit__(self, *error: Any) -> None:
            self._server.__exit__(*error)

    return Address()


def _sync(folder: Path, url: str) -> None:
    from dbt_heap.run import Settings, invoke, sync

    settings = Settings(project_dir=folder, profiles_dir=folder, environ={"HEAP_BASE_URL": url})
    results = sync(invoke(settings))
    if results.exit_code:
        raise AssertionError(results.problems)


def _record(seen: set[str], action: Callable[[], None]) -> None:
    """Note the file of every function that a call runs, in all threads."""

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_name != "<module>":
            seen.add(frame.f_code.co_filename)

    sys.setprofile(note)
    threading.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def every_measure() -> dict[str, int]:
    """Return all figures, those of a sync included."""
    modules = modules_of_a_sync()
    return {
        **measures(),
        "modules that one sync passes through": len(modules),
        "folders that one sync passes through": len({path.parent for path in modules}),
    }


if __name__ == "__main__":
    print(f"{'measure':<40} {'now':>7} {'limit':>7}")
    for name, figure in every_measure().items():
        print(f"{name:<40} {figure:>7,} {LIMITS[name]:>7,}")
