from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_proxy.protocol.representation import EntityForm, form_of


@pytest.mark.parametrize("options", ["", " ", ";", " ; ;"])
def test_no_options_shorten(options: str) -> None:
    assert form_of(options) is EntityForm.NORMALISED


@given(
    st.permutations(["strict", "denormalize"]),
    st.lists(st.sampled_from(":="), min_size=2, max_size=2),
    st.lists(st.sampled_from(["1", "true", "True", " TRUE "]), min_size=2, max_size=2),
    st.sampled_from(["", " ", "\t"]),
)
def test_both_together_write_everything_out(names: list[str], signs: list[str], ons: list[str], blank: str) -> None:
    options = f"{blank};".join(f"{blank}{n}{blank}{s}{on}" for n, s, on in zip(names, signs, ons, strict=True))
    assert form_of(options) is EntityForm.DENORMALISED


@pytest.mark.parametrize(
    "options",
    [
        "strict:1", "denormalize:1", "strict:1;denormalize:0", "strict:1;denormalize:1;fast:1", "strict", "strict:yes",
        "denormalize:1:1;strict:1", "strict;denormalize", ":1", "Strict:1;Denormalize:1",
    ],
)  # fmt: skip
def test_what_is_not_known_is_not_guessed(options: str) -> None:
    assert form_of(options) is None
