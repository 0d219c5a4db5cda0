"""Imports go down the layers only, and modules stay small."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "dbt_heap"

# A module imports only what is to the right of its own package.
LAYERS = [
    "__main__", "cli", "reports", "run", "delivery", "heap", "state", "warehouse", "syncs", "cloud", "project", "http",
    "errors", "__init__",
]  # fmt: skip

MODULES = sorted(PACKAGE.rglob("*.py"))


def imports(module: Path) -> Iterator[tuple[str, ast.AST]]:
    """The modules of this package that a module imports, with the statement."""
    for node in ast.walk(ast.parse(module.read_text())):
        names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            if name.split(".")[0] == "dbt_heap":
                yield name, node


def package_of(name: str) -> str:
    """Return the layer of a dotted module name."""
    return [*name.split("."), "__init__"][1]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_downwards_only(module: Path) -> None:
    here = module.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if here == "sandbox" or module.is_relative_to(PACKAGE / "cloud" / "listener"):
        allowed = {here, "http", "errors", "__init__"}
    else:
        allowed = {here, *LAYERS[LAYERS.index(here) + 1 :]} | ({"sandbox"} if here == "cli" else set())
    for name, statement in imports(module):
        if name == "dbt_heap" and isinstance(statement, ast.ImportFrom):
            found = {alias.name for alias in statement.names if alias.name != "__version__"}
        else:
            found = {package_of(name)}
        assert found <= allowed, f"{here} imports {found - allowed}"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_and_functions_stay_small(module: Path) -> None:
    source = module.read_text()
    assert source.count("\n") < 250
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or 0) - node.lineno < 50, node.name
            local = [each for each in ast.walk(node) if isinstance(each, (ast.Import, ast.ImportFrom))]
            assert not local, f"{node.name} imports inside"


# Modules that import others of the package while they run, and why.
LOADERS = {
    "cli/group.py": "`--help` loads no command",
    "syncs/invocation.py": "`ls` loads dbt or HTTP only for a selection, a profile or the dbt platform",
}


def test_only_two_modules_import_others_while_they_run() -> None:
    found = [each.relative_to(PACKAGE).as_posix() for each in MODULES if "import_module(" in each.read_text()]
    assert sorted(found) == sorted(LOADERS)
    assert all((PACKAGE / each).read_text().count("import_module(") == 1 for each in found)


def test_importing_the_package_loads_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import dbt_heap; print(sorted(set(sys.modules) - before))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "['dbt_heap']"


def test_help_loads_neither_dbt_nor_an_adapter() -> None:
    code = (
        "import sys; from dbt_heap.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: print([name for name in sys.modules if name == 'dbt' or name.startswith('dbt.')])"
    )
    ran = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True)
    assert ran.stdout.strip().endswith("[]")
    assert "Send new and changed rows" in ran.stdout


@pytest.mark.parametrize(
    "command", [["ls"], ["schema"], ["exposures"], ["--help"], ["ls", "--help"], ["snyc"]], ids=str
)
def test_commands_that_need_only_the_manifest_load_neither_dbt_nor_agate(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: shop")
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "manifest.json").write_text('{"metadata": {}, "nodes": {}}')
    code = (
        "import sys; from dbt_heap.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('loaded', [name for name in ('dbt', 'dbt_common', 'agate', 'requests') if name in sys.modules])\n"
        "print('strict', 'pydantic' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    *_, loaded, strict = ran.stdout.splitlines()
    assert loaded == "loaded []", ran.stderr
    assert strict == f"strict {command[0] in ('ls', 'schema', 'exposures')}"
