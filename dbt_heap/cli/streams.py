"""stdout and stderr of the command line: their encoding, and what happens if nothing can be written to them."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from rich.console import Console

COULD_NOT_WRITE = 2
PIPE_CLOSED = 141  # as a shell reports SIGPIPE: `dbt-heap runs | head` is not a failure of ours

_OF_OUTPUT = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE, errno.EBADF})


def prepare() -> None:
    """Make sure that printing cannot fail because of an encoding or a closed stream.

    What is redirected is UTF-8, whatever the locale or PYTHONIOENCODING says: JSON, YAML and CSV have no other
    encoding. A terminal keeps its own encoding, and shows `?` for what that lacks.
    """
    _open_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def run(command: Callable[[], Any]) -> None:
    """Run a command that ends with SystemExit; if it cannot write to stdout or stderr, end it with a message."""
    try:
        command()
    except SystemExit as ended:
        refusal = _flushed()
        if refusal and refusal.errno != errno.EPIPE:
            _could_not_write(refusal)
            ended.code = COULD_NOT_WRITE
        elif refusal:
            ended.code = ended.code or PIPE_CLOSED
        raise
    except OSError as refusal:
        if not is_of_output(refusal):
            raise
        _could_not_write(refusal)
        sys.exit(COULD_NOT_WRITE)


def is_of_output(refusal: OSError) -> bool:
    """Return whether an error comes from an open stream; an error of a file has the file's name."""
    return refusal.errno in _OF_OUTPUT and refusal.filename is None


def tried(write: Callable[[], None]) -> str:
    """Write to stdout and return why that failed; empty if it did not, or if the reader closed the pipe."""
    try:
        write()
    except OSError as refusal:
        if not is_of_output(refusal):
            raise
        give_up(sys.stdout)
        return _told(refusal)
    return _told(_flushed())


def give_up(stream: Any) -> None:
    """Discard the rest of a stream's output, because Python flushes it again at exit."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _flushed() -> OSError | None:
    """Flush stdout and return why that failed; None if it did not."""
    try:
        sys.stdout.flush()
    except OSError as refusal:
        give_up(sys.stdout)
        return refusal
    return None


def _told(refusal: OSError | None) -> str:
    return "" if refusal is None or refusal.errno == errno.EPIPE else str(refusal.strerror)


def _could_not_write(refusal: OSError) -> None:
    give_up(sys.stdout)
    try:
        print(f"Error: the output cannot be written to stdout: {refusal.strerror}", file=sys.stderr, flush=True)
    except OSError:
        give_up(sys.stderr)


def _open_closed() -> None:
    """Open the streams that the caller closed (`>&-`); otherwise the next opened file would receive the output."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8")


class Terminal(Console):
    """A rich console that raises BrokenPipeError instead of ending the process."""

    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError again, because rich would end the process in the middle of a sync."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
