"""LONG is true if tests run in their long form, as `make chaos` runs them."""

from __future__ import annotations

import os

LONG = os.environ.get("DBT_HEAP_CHAOS") == "long"
