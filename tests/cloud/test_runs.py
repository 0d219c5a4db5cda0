"""Choose the run and the steps that built or tested last, and store their artifacts completely or not at all."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dbt_heap.cloud.api import DbtCloud
from dbt_heap.cloud.artifact_cache import KEPT_RUNS
from dbt_heap.cloud.credentials import Credentials
from dbt_heap.cloud.job_runs import MAX_RUNS, POLL_SECONDS, download_run
from dbt_heap.errors import CloudError, SettingsError
from dbt_heap.project.manifest import read_manifest
from dbt_heap.project.run_results import read_gates
from tests.cloud.server import ACCOUNT, JOB, TOKEN, Reply, Step, manifest, results, step
from tests.cloud.server import DbtCloud as Server

A, B, TEST = "model.shop.a", "model.shop.b", "test.shop.t"
MIDNIGHT = datetime(2026, 11, 25, tzinfo=UTC).timestamp()  # run 7 ends seven minutes later


class Folder:
    """The artifacts that `download_run` stored in a folder, and its note."""

    def __init__(
        self,
        cloud: Server,
        folder: Path,
        run: int | None = None,
        job: int | None = None,
        *,
        sleep: Callable[[float], object] = lambda _: pytest.fail("download_run sleeps"),
        late: float = 0.0,
    ) -> None:
        credentials = Credentials(cloud.url, ACCOUNT, TOKEN, job, run)
        with DbtCloud(credentials) as client:
            found = download_run(client, credentials, folder, sleep=sleep, clock=lambda: MIDNIGHT + late)
        self.name = found.manifest.parent.name
        self.note = found.note
        self.manifest = json.loads(found.manifest.read_bytes())["metadata"]["invocation_id"]
        self.results: dict[str, Any] = json.loads((found.manifest.parent / "run_results.json").read_bytes())

    @property
    def statuses(self) -> dict[str, str]:
        """Return the status of each node."""
        return {each["unique_id"]: each["status"] for each in self.results["results"]}


def refusal(cloud: Server, folder: Path, run: int | None = None, job: int | None = None, **how: Any) -> str:
    with pytest.raises(CloudError) as refused:
        Folder(cloud, folder, run, job, **how)
    assert list(folder.glob("*")) == []
    return str(refused.value)


def test_later_docs_generate_does_not_mask_the_build(cloud: Server, tmp_path: Path) -> None:
    cloud.add(7, step("build", (A, "success")), step("generate", (A, "success"), invocation="i2"))
    cloud.runs[7]["status_humanized"] = "a text of an answer, which is not repeated"
    found = Folder(cloud, tmp_path, 7)
    assert (found.manifest, found.results["args"]["which"]) == ("i1", "build")
    assert found.note == "using dbt platform run 7 (Success)"


def test_run_and_the_test_after_it_both_count(cloud: Server, tmp_path: Path) -> None:
    run = step("run", (A, "error"), (B, "success"))
    cloud.add(7, step("seed", invocation="i0"), run, step("test", (TEST, "fail"), (B, "pass"), invocation="i2"))
    found = Folder(cloud, tmp_path, 7)
    assert found.statuses == {A: "error", B: "pass", TEST: "fail"}
    assert found.manifest == found.results["metadata"]["invocation_id"] == "i2"


def test_manifest_that_another_command_wrote_later_is_not_taken(cloud: Server, tmp_path: Path) -> None:
    left = {"manifest.json": manifest("i2"), "run_results.json": results((A, "success"))}
    cloud.add(7, step("build", (A, "success")), Step("Invoke dbt with `dbt source freshness`", left))
    assert Folder(cloud, tmp_path, 7).manifest == "i1"
    assert cloud.paths()[1:5] == [
        "/runs/7/artifacts/run_results.json?step=5", "/runs/7/artifacts/manifest.json?step=5",
        "/runs/7/artifacts/run_results.json?step=4", "/runs/7/artifacts/manifest.json?step=4",
    ]  # fmt: skip


def test_run_without_reported_steps_gives_what_it_has(cloud: Server, tmp_path: Path) -> None:
    cloud.add(7, step("build", (A, "success")))
    cloud.hook = lambda asked: (
        Reply(text=json.dumps({"data": cloud.runs[7]}).encode()) if asked.query.get("include_related") else None
    )
    assert Folder(cloud, tmp_path, 7).statuses == {A: "success"}


def test_each_step_lists_its_artifacts_if_none_matches(cloud: Server, tmp_path: Path) -> None:
    cloud.add(7, step("generate"), status=20)
    assert refusal(cloud, tmp_path, 7) == (
        "dbt platform run 7 (Error) built and tested nothing (step 4: results of `dbt generate`; step 3: no "
        "run_results.json; step 2: no run_results.json; step 1: no run_results.json)"
    )
    cloud.add(8, Step("dbt build", {"run_results.json": results((A, "success"))}), first=())
    assert refusal(cloud, tmp_path, 8).endswith("(step 1: results of `dbt build`, no manifest.json)")


def test_results_without_entries_do_not_open_the_gate(cloud: Server, tmp_path: Path) -> None:
    cloud.add(7, step("build"), Step("dbt test", {"run_results.json": b'{"results": 1}'}))
    assert "run_results.json of run 7, step 5 contains no results" in refusal(cloud, tmp_path, 7)


@pytest.mark.parametrize(("status", "well"), [(3, False), (10, True), (20, True), (30, True)])
def test_named_run_is_used_whatever_its_outcome_once_it_ended(
    cloud: Server, tmp_path: Path, status: int, well: bool
) -> None:
    cloud.add(7, step("build"), status=status)
    if well:
        assert Folder(cloud, tmp_path, 7).name == "7"
    else:
        assert (
            refusal(cloud, tmp_path, 7)
            == "dbt platform run 7 (Running) is still in progress. Try again when it has ended"
        )


def test_run_of_another_job_is_not_taken(cloud: Server, tmp_path: Path) -> None:
    cloud.add(7, step("build"), job=5)
    assert refusal(cloud, tmp_path, 7, JOB) == f"dbt platform run 7 belongs to job 5, not to job {JOB}"


def test_jobs_latest_run_is_taken(cloud: Server, tmp_path: Path) -> None:
    cloud.add(6, step("build"), status=20)
    cloud.add(7, step("build"))
    cloud.add(8, step("build"), job=5)
    cloud.add(9, step("build"), status=30)
    cloud.add(10, step("build"), status=3)
    assert Folder(cloud, tmp_path, job=JOB).name == "7"


def test_later_failed_run_counts_too(cloud: Server, tmp_path: Path) -> None:
    cloud.add(7, step("build", (TEST, "pass")))
    cloud.add(8, step("build", (TEST, "fail"), invocation="i2"), status=20)
    assert Folder(cloud, tmp_path, job=JOB).statuses == {TEST: "fail"}


def test_later_run_that_failed_before_building_is_ignored(cloud: Server, tmp_path: Path) -> None:
    cloud.add(7, step("build", (TEST, "pass")))
    cloud.add(8, status=20)
    found = Folder(cloud, tmp_path, job=JOB)
    assert found.name == "7"
    assert found.note.startswith("dbt platform run 8 (Error) built and tested nothing")


def test_run_that_built_counts_between_a_good_run_and_an_empty_one(cloud: Server, tmp_path: Path) -> None:
    cloud.add(6, step("build", (TEST, "pass")))
    cloud.add(7, step("build", (TEST, "fail"), invocation="i2"), status=20)
    cloud.add(8, status=20)
    assert Folder(cloud, tmp_path, job=JOB).statuses == {TEST: "fail"}


def test_many_runs_are_examined_and_the_first_few_reported(cloud: Server, tmp_path: Path) -> None:
    cloud.add(6, step("build"))
    for number in range(7, 7 + MAX_RUNS):
        cloud.add(number, status=20)
    *notes, last = refusal(cloud, tmp_path, job=JOB).splitlines()
    assert [each.partition(" (")[0] for each in notes] == [f"dbt platform run {number}" for number in (26, 25, 24)]
    assert last == "the same is true of 17 earlier runs"


# Artifacts that are being saved


def test_run_whose_artifacts_are_being_saved_is_waited_for(cloud: Server, tmp_path: Path) -> None:
    whole = (step("run", (A, "success")), step("test", (TEST, "fail"), invocation="i2"))
    cloud.add(7, whole[0], Step("Invoke dbt with `dbt test`"), status=20)
    cloud.runs[7]["artifacts_saved"] = False
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            cloud.add(7, *whole, status=20)

    assert Folder(cloud, tmp_path, 7, sleep=sleep).statuses == {A: "success", TEST: "fail"}
    assert slept == [POLL_SECONDS] * 3


def test_run_whose_artifacts_are_never_saved_is_not_used_or_kept(cloud: Server, tmp_path: Path) -> None:
    slept: list[float] = []
    cloud.add(7, step("run", (A, "success")))
    cloud.runs[7]["artifacts_saved"] = False
    error = "dbt platform run 7 (Success): some of its artifacts are not saved yet"
    assert refusal(cloud, tmp_path, 7, sleep=slept.append).startswith(error)
    assert sum(slept) == 60
    assert refusal(cloud, tmp_path, 7, late=86_400).startswith(error)  # without another wait


def test_old_run_without_artifacts_is_ignored(cloud: Server, tmp_path: Path) -> None:
    cloud.add(6, step("build"))
    cloud.add(7, status=20)
    cloud.runs[7]["artifacts_saved"] = False
    assert "not saved yet" in refusal(cloud, tmp_path, job=JOB, sleep=lambda _: None)
    assert Folder(cloud, tmp_path, job=JOB, late=86_400).name == "6"


def test_job_without_a_run_is_reported(cloud: Server, tmp_path: Path) -> None:
    assert refusal(cloud, tmp_path, job=JOB).startswith(
        f"job {JOB} of the dbt platform has no run that succeeded or failed"
    )


def test_run_is_saved_completely_or_not_at_all_and_once(cloud: Server, tmp_path: Path) -> None:
    cloud.add(7, step("build"))
    cloud.hook = lambda asked: Reply(text=b'{"metadata"') if "manifest" in asked.path else None
    assert "manifest.json of run 7, step 4 is incomplete or not JSON" in refusal(cloud, tmp_path, 7)
    assert list(tmp_path.iterdir()) == []
    cloud.hook = lambda _: None
    Folder(cloud, tmp_path, 7)
    asked = len(cloud.asked)
    Folder(cloud, tmp_path, 7)
    assert cloud.paths()[asked:] == ["/runs/7/"]


def test_incomplete_run_on_disk_is_fetched_again(cloud: Server, tmp_path: Path) -> None:
    cloud.add(7, step("build", (TEST, "fail")))
    Folder(cloud, tmp_path, 7)
    (tmp_path / "7" / "run_results.json").unlink()
    assert Folder(cloud, tmp_path, 7).statuses == {TEST: "fail"}
    assert [each.name for each in tmp_path.iterdir()] == ["7"]


def test_missing_results_do_not_open_the_gate(cloud: Server, tmp_path: Path) -> None:
    cloud.add(7, step("build"))
    Folder(cloud, tmp_path, 7)
    read, gone = read_manifest(tmp_path / "7" / "manifest.json"), tmp_path / "7" / "gone.json"
    assert "no longer exists, so it is unknown" in read_gates(gone, read, needed=True).reason(A)
    assert read_gates(gone, read).reason(A) == ""


def test_leftovers_of_a_killed_process_are_removed_after_a_day(cloud: Server, tmp_path: Path) -> None:
    for name, age in ((".5.old", 90_000), (".6.new", 3_600)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    (tmp_path / ".gone").symlink_to("nowhere")  # like a folder that another process renames at this moment
    cloud.add(7, step("build"))
    Folder(cloud, tmp_path, 7)
    assert {each.name for each in tmp_path.iterdir()} == {"7", ".6.new", ".gone"}


def test_only_the_last_runs_stay_on_disk(cloud: Server, tmp_path: Path) -> None:
    for number in (*range(10, 20), 3):
        cloud.add(number, step("build"))
        Folder(cloud, tmp_path, number)
    assert {int(each.name) for each in tmp_path.iterdir()} == {3, *range(20 - KEPT_RUNS, 20)}


def test_folder_that_cannot_be_written_is_reported(cloud: Server, tmp_path: Path) -> None:
    cloud.add(7, step("build"))
    (tmp_path / "target").write_text("a file")
    with pytest.raises(SettingsError, match=r"cannot write the artifacts of dbt platform run 7 \(Success\)"):
        Folder(cloud, tmp_path / "target" / "dbt_cloud", 7)
