"""dbt's events and dbt-heap's in one process."""

from __future__ import annotations

from typing import Any

from dbt_common.events.base_types import EventLevel
from dbt_common.events.event_manager_client import add_callback_to_manager
from dbt_common.events.functions import fire_event
from dbt_common.events.types import Note

from dbt_heap.warehouse.dbt_runtime import mute_dbt_events


def test_dbt_event_listener_added_later_works_until_events_are_muted_again() -> None:
    received: list[Any] = []
    mute_dbt_events()
    fire_event(Note(msg="nobody listens"), EventLevel.WARN)
    add_callback_to_manager(received.append)
    fire_event(Note(msg="here"), EventLevel.WARN)
    mute_dbt_events()
    fire_event(Note(msg="no more"), EventLevel.WARN)
    assert [(event.info.name, event.info.level, event.data.msg) for event in received] == [("Note", "warn", "here")]
