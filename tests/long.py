"""Whether tests take the time that `make chaos` gives them."""

from __future__ import annotations

import os

LONG = os.environ.get("DBT_HEAP_CHAOS") == "long"
