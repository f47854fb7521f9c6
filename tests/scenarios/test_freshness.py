"""Every story of `freshness` and `known` holds, and fails with its rule switched off."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.freshness import RULES, Story
from tests.scenarios.known import KNOWN_RULES
from tests.scenarios.studio import open_studio
from tests.switches import without

ALL_RULES = RULES | KNOWN_RULES
STORIES = [pytest.param(story, id=f"{story.__module__.rpartition('.')[2]}-{story.__name__}") for story in ALL_RULES]


@pytest.mark.required("G1.1", "G2.1", "G2.2", "G3.1", "G3.2", "G4.1", "G4.2", "G4.3")
@pytest.mark.required("G5.1", "G5.2", "G6.1", "G6.2", "G7.2", "G8.2")
@pytest.mark.parametrize("story", STORIES)
def test_holds(story: Story, tmp_path: Path) -> None:
    with open_studio(tmp_path) as studio:
        story(studio)


@pytest.mark.parametrize("story", STORIES)
def test_fails_without_its_rule(story: Story, tmp_path: Path) -> None:
    with without(*ALL_RULES[story]), open_studio(tmp_path) as studio, pytest.raises(AssertionError):
        story(studio)
