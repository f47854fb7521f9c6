"""The text of a query in its parts, to be put together in another way."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace

_QUERY = re.compile(
    r"(?:select (?P<projections>.+?) from )?(?P<kind>\w+)(?: where (?P<criteria>.+?))?(?: order by (?P<order>.+?))?"
    r"(?: offset (?P<offset>\d+))?(?: limit (?P<limit>\d+))?"
)
_KEYWORDS = re.compile(
    r"\b(?:select|from|where|order by|offset|limit|and|or|not|in|is)\b(?=[^\"']*(?:[\"'][^\"']*[\"'][^\"']*)*$)"
)
_QUOTED_ID = re.compile(r'"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')


@dataclass(frozen=True)
class Wording:
    """A query without groups and sums."""

    kind: str
    projections: tuple[str, ...] = ()
    criteria: str = ""
    order: str = ""
    offset: int | None = None
    limit: int | None = None

    def __str__(self) -> str:
        parts = [f"select {', '.join(self.projections)} from"] if self.projections else []
        parts.append(self.kind)
        parts += [f"where {self.criteria}"] if self.criteria else []
        parts += [f"order by {self.order}"] if self.order else []
        parts += [f"offset {self.offset}"] if self.offset is not None else []
        parts += [f"limit {self.limit}"] if self.limit is not None else []
        return " ".join(parts)


def wording_of(text: str) -> Wording | None:
    """Take a query apart; ``None`` for groups and sums."""
    found = _QUERY.fullmatch(text)
    if found is None or "group by" in text or "(" in (found["projections"] or ""):
        return None
    offset, limit = (int(found[name]) if found[name] else None for name in ("offset", "limit"))
    projections = tuple(filter(None, (found["projections"] or "").split(", ")))
    return Wording(found["kind"], projections, found["criteria"] or "", found["order"] or "", offset, limit)


def respelled(wording: Wording, chance: random.Random) -> str:
    """The same query by somebody who writes in another way: keywords, blanks, quotes, the order of projections."""
    projections = list(wording.projections)
    chance.shuffle(projections)
    if projections and chance.random() < 0.3:
        projections.append(projections[0])
    text = str(replace(wording, projections=tuple(projections)))
    if chance.random() < 0.5:
        text = _QUOTED_ID.sub(r"\1" if chance.random() < 0.7 else r"'\1'", text)
    if chance.random() < 0.5:
        text = _KEYWORDS.sub(lambda keyword: keyword[0].upper(), text)
    return text.replace(", ", ",") if chance.random() < 0.3 and '"' not in text and "'" not in text else text


def narrower(wording: Wording, chance: random.Random) -> Wording:
    """The same rows, and less of each: some of the projections, or only what leads to them."""
    chosen = chance.sample(wording.projections, chance.randint(1, len(wording.projections)))
    shortened = (
        path.rpartition(".")[0] if "." in path and "[" not in path and chance.random() < 0.3 else path
        for path in chosen
    )
    return replace(wording, projections=tuple(dict.fromkeys(shortened)))


def smaller_window(wording: Wording, chance: random.Random) -> Wording:
    """Some of the same rows, in the same order."""
    ahead = chance.choice((0, 0, 1, 2))
    left = None if wording.limit is None else max(0, wording.limit - ahead)
    limit = chance.choice((1, 2, 3)) if left is None or chance.random() < 0.7 else left
    if left is not None:
        limit = min(limit, left)
    offset = (wording.offset or 0) + ahead
    return replace(wording, offset=offset or None, limit=limit or 1)
