"""Proof under faults: short forms of what `make chaos` does at length."""

import pytest

pytest.register_assert_rewrite("tests.chaos.business", "tests.chaos.steps")
