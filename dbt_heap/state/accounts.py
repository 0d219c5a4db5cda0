"""What to know before account properties mean anything in Heap, which no API of Heap's tells."""

from __future__ import annotations

from collections.abc import Iterable

from dbt_heap.state.plan import spelled
from dbt_heap.state.store import State
from dbt_heap.syncs.columns import MappedColumn
from dbt_heap.syncs.sync import Sync, SyncType

# https://developers.heap.io/reference/add-account-properties: the Account ID setting comes first
WHERE_IT_IS_SET = "Account > Manage > Features"


def advice(account_id_property: str | None, carriers: Iterable[Sync]) -> str:
    """What has to be set in Heap, in a sentence; `carriers` are the syncs that send that property of users."""
    if account_id_property is None:
        return (
            "Heap groups users into accounts by the user property that is set as Account ID under "
            f"{WHERE_IT_IS_SET}; no API tells whether it is set. Name it in vars.dbt_heap.account_id_property, and "
            "dbt-heap counts the accounts that no user carries"
        )
    sent = "" if any(carriers) else f", and no declared sync sends {account_id_property} of users"
    return (
        f"in Heap, under {WHERE_IT_IS_SET}, Account ID has to be the user property {account_id_property}; "
        f"no API tells whether it is{sent}"
    )


def sends(sync: Sync, account_id_property: str | None, environment: str) -> bool:
    """Whether a sync gives users the property by which Heap groups them into accounts."""
    same = sync.type is SyncType.USER_PROPERTIES and sync.environment == environment
    return same and account_id_property in sync.properties


def without_users(state: State, accounts: Sync, carried: MappedColumn, synced: str) -> int:
    """How many rows of an account model no user in a sync's state points at. Raises WarehouseError."""
    relation = accounts.model.relation
    types = state.catalog.of_model(relation) if relation else {}
    table = state.warehouse.query(
        "accounts_without_users",
        relation=relation.sql if relation else "",
        key_columns=[spelled(column, types) for column in accounts.key_columns],
        synced=state.relation(synced),
        column=carried.stored,
    )
    return int(table.rows[0][0])
