"""rich's console, which ends no process."""

from __future__ import annotations

import errno
import os

from rich.console import Console


class Terminal(Console):
    """A console that leaves it to its caller what a reader who has gone means."""

    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError again. rich itself would end the process, here in the middle of a sync."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
