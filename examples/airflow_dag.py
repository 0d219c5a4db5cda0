"""Run dbt, then sync to Heap, every night. DBT_PROJECT_DIR is the project's folder. Install dbt-heap on the workers."""

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

    @task(retries=2)  # a retry sends only what Heap has not accepted yet
    def heap() -> dict[str, int]:
        invocation = invoke(Settings(project_dir=PROJECT))
        results = sync(invocation)
        results.write(invocation.target_path)
        if results.problems:
            raise RuntimeError("\n".join(results.problems))
        return {each.name: each.accepted for each in results.syncs}

    build() >> heap()


dbt_to_heap()
