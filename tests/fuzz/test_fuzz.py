from __future__ import annotations

import pytest

from tests.fuzz.run import TARGETS, fuzz


@pytest.mark.required
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_drawn_input_breaks_no_promise(name: str) -> None:
    assert fuzz(name, seed=1, examples=300)
