"""dbt's events, of which there are three for each statement: where nobody listens, none is made."""

from __future__ import annotations

from typing import Any

from dbt_common.events.base_types import BaseEvent
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import cleanup_event_logger, ctx_set_event_manager, get_event_manager


class _Unheard(EventManager):
    """dbt's own, spared what making a message costs: a tenth of a small sync."""

    def fire_event(self, e: BaseEvent, *args: Any, **kwargs: Any) -> None:
        """Tells an event to those who listen; raises where dbt was asked to make an error of it."""
        strict = getattr(self, "require_warn_or_error_handling", False)  # dbt 1.8 has no such thing
        if self.loggers or self.callbacks or strict or kwargs.get("force_warn_or_error_handling"):
            super().fire_event(e, *args, **kwargs)


def silence() -> None:
    """Turns off dbt's own lines, which would mix with ours, and hold SQL where they are for debugging.

    A dbt that is called later in this process sets up its loggers anew, and is heard.
    """
    cleanup_event_logger()
    if not isinstance(get_event_manager(), _Unheard):
        ctx_set_event_manager(_Unheard())
