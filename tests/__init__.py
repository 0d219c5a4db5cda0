"""The tests. Assertions in shared modules report as much as those in tests."""

import pytest

pytest.register_assert_rewrite("tests.chaos", "tests.project", "tests.warehouse")
