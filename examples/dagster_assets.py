"""Define each sync as an asset downstream of its model, which has the key that dagster-dbt gives it by default."""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from dbt_heap.run import Settings, invoke, sync

SETTINGS = Settings(project_dir=Path(os.environ.get("DBT_PROJECT_DIR", "/opt/dbt")))
DECLARED = invoke(SETTINGS).selected


@dg.multi_asset(specs=[dg.AssetSpec(["heap", each.name], deps=[each.model.name], skippable=True) for each in DECLARED])
def heap() -> Iterator[dg.MaterializeResult]:
    results = sync(invoke(SETTINGS))
    for each in results.syncs:
        if each.status.exit_code == 0:
            rows = {"accepted": each.accepted, "rejected": each.rejected, "seconds": each.seconds}
            yield dg.MaterializeResult(asset_key=["heap", each.name], metadata=rows)
    if results.problems:
        raise dg.Failure("\n".join(results.problems))


defs = dg.Definitions(assets=[heap])
