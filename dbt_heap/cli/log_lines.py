"""What the package logs, such as a request that is tried again, as lines of the console."""

from __future__ import annotations

import logging

from dbt_heap.console import Console


class _ConsoleHandler(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__(logging.INFO)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print a warning or a note."""
        print_line = self._console.warn if record.levelno >= logging.WARNING else self._console.note
        print_line(record.getMessage())


def show_log(console: Console) -> None:
    """Print what the package logs from now on, in the form that the command's options ask for."""
    # What urllib3 logs would mix with our lines, which tell all of it.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    ours = logging.getLogger("dbt_heap")
    ours.handlers = [_ConsoleHandler(console)]
    ours.propagate = False
