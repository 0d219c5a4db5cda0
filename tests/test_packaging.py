"""The wheel is complete: it has the macros and works where it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dbt_heap import __version__
from dbt_heap.sandbox.server import Sandbox
from tests.integration import ROOT
from tests.project import Project


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with only the content of the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=ROOT, check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        content.extractall(folder / "site")
    return folder / "site"


def test_wheel_carries_every_macro(installed: Path) -> None:
    carried = {path.relative_to(installed / "dbt_heap" / "package") for path in installed.rglob("*.sql")}
    assert carried == {path.relative_to(ROOT) for path in (ROOT / "macros").rglob("*.sql")}
    assert (installed / "dbt_heap" / "package" / "dbt_project.yml").exists()
    assert (installed / "dbt_heap" / "py.typed").exists()


def test_wheel_carries_the_sandboxs_page(installed: Path) -> None:
    here, there = ROOT / "dbt_heap" / "sandbox" / "static", installed / "dbt_heap" / "sandbox" / "static"
    assert {file.name: file.read_bytes() for file in there.iterdir()} == {
        file.name: file.read_bytes() for file in here.iterdir()
    }
    assert (there / "index.html").exists()


def test_sync_runs_from_the_wheel(installed: Path, project: Project, heap: Sandbox) -> None:
    project.table("heap_users", "select 'ana' as user_id, 'team' as plan")
    project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": ["plan"]})
    project.write()
    code = "import dbt_heap; from dbt_heap.__main__ import main; print(dbt_heap.__file__); main()"
    folders = ["--project-dir", str(project.folder), "--profiles-dir", str(project.folder)]
    ran = subprocess.run(
        [sys.executable, "-c", code, "sync", *folders],
        cwd=project.folder, env={**os.environ, **project.environment, "PYTHONPATH": str(installed)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert str(installed) in ran.stdout
    assert len(heap.users()) == 1


def test_version_is_the_same_everywhere() -> None:
    assert f'version: "{__version__}"' in (ROOT / "dbt_project.yml").read_text()
