"""Run a command in a forked child as a new process would run it."""

from __future__ import annotations

import atexit
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

STDOUT, STDERR = "stdout", "stderr"  # files in the `notes` folder of an order


def run_as_new_process(order: Mapping[str, Any], command: Callable[[], object], *, failed: int = 1) -> NoReturn:
    """Run a command in an order's folder and environment. Exit with its code, or with `failed` after an exception."""
    code = 0
    try:
        for number, name in ((1, STDOUT), (2, STDERR)):
            os.dup2(os.open(Path(order["notes"], name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(order["folder"])
        command()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - printed, whatever it is
        code = failed
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # skips reports of leaks that the parent caused
