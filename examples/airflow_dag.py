"""dbt, then Heap, every night. DBT_PROJECT_DIR names the project; dbt-heap stands in the environment of the workers."""

import os
from datetime import datetime
from pathlib import Path

from airflow.sdk import dag, task

from dbt_heap.run import Settings, invoke, sync

PROJECT = Path(os.environ.get("DBT_PROJECT_DIR", "/opt/dbt"))


@dag(schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=1)
def dbt_to_heap() -> None:
    @task.bash
    def build() -> str:
        return f"dbt build --project-dir '{PROJECT}'"

    @task(retries=2)  # what Heap did not take is sent by the next try, and nothing else
    def heap() -> dict[str, int]:
        invocation = invoke(Settings(project_dir=PROJECT))
        results = sync(invocation)
        results.write(invocation.target_path)
        if results.problems:
            raise RuntimeError("\n".join(results.problems))
        return {each.name: each.accepted for each in results.syncs}

    build() >> heap()


dbt_to_heap()
