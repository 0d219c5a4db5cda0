"""The tests; what they share tells as much of a failed assertion as they do."""

import pytest

pytest.register_assert_rewrite("tests.chaos", "tests.project", "tests.warehouse")
