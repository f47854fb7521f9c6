from __future__ import annotations

import pytest

from tests.fuzz.run import TARGETS, fuzz


@pytest.mark.required("G2.3", "G7.3", "G7.5")
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_drawn_input_breaks_no_promise(name: str) -> None:
    assert fuzz(name, seed=1, examples=300)
