"""Questions related to others, which a cache may answer from the same data, or must not."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from tests.oracle.answers import Decoded, Identity
from tests.oracle.named import Named, attributes_of
from tests.oracle.questions import Question
from tests.oracle.wording import Wording, narrower, respelled, smaller_window, wording_of


class Related:
    """Makes questions that have to do with a question, and with what its answer showed."""

    def __init__(self, named: Named, chance: random.Random, users: tuple[str, ...]) -> None:
        self._chance = chance
        self._users = users
        self._named = named

    def to(self, question: Question, answer: Decoded) -> Question | None:
        """A question that is related to ``question``, to which ftrack would give ``answer``; ``None`` if none is."""
        if self._chance.random() < 0.6:
            text = self._about_rows(answer)
        else:
            wording = wording_of(self._chance.choice(question.expressions))
            text = None if wording is None else self._beside(wording)
        if text is None:
            return None
        related = replace(question, expressions=(text,))
        chosen = self._chance.random()
        if chosen < 0.08:
            related = replace(related, expressions=(text, self._chance.choice(question.expressions)))
        elif chosen < 0.2:
            related = replace(related, denormalised=not question.denormalised)
        elif chosen < 0.3:
            related = replace(related, user=self._chance.choice(self._users))
        return related

    def reaching(self, target: Identity, names: Sequence[str], question: Question, answer: Decoded) -> Question | None:
        """A question for an entity in the answer that refers to ``target``, and for what was shown of that:
        one of ``names`` if there are."""
        told = answer.entities.get(target, {})
        shown = [name for name in names if name in told] or [name for name in told if not name.startswith("__")]
        referring = [
            (identity, name)
            for identity in sorted(answer.entities)
            for name, value in answer.entities[identity].items()
            if value == target or (isinstance(value, list) and target in value)
        ]
        if not referring or not shown:
            return None
        identity, name = self._chance.choice(referring)
        text = self._named.of([identity], (f"{name}.{self._chance.choice(shown)}",))
        return replace(question, expressions=(text,))

    def _beside(self, wording: Wording) -> str:
        """The same in other words, through a smaller window, or with less of each row; or two of these."""
        chosen = self._chance.random()
        if chosen < 0.3:
            return respelled(wording, self._chance)
        if chosen < 0.7 and wording.projections:
            wording = narrower(wording, self._chance)
        if chosen > 0.55:
            wording = smaller_window(wording, self._chance)
        return str(wording)

    def _about_rows(self, answer: Decoded) -> str | None:
        """Some of the entities in the answer by their keys: what was shown of them, what was not, or both."""
        identities = sorted(answer.entities)
        if not identities:
            return None
        identity = self._chance.choice(identities)
        alike = [identity, *(other for other in identities if other[0] == identity[0])]
        return self._named.of(alike, self._attributes(identity, answer))

    def _attributes(self, identity: Identity, answer: Decoded) -> Sequence[str]:
        chosen = self._chance.random()
        shown = [self._shown(identity, answer) for _ in range(self._chance.choice((1, 1, 2, 3)))]
        others = attributes_of(identity[0])
        if chosen < 0.7 or not others:
            return tuple(dict.fromkeys(shown))
        if chosen < 0.8:
            return (self._chance.choice(others),)
        if chosen < 0.95:
            return tuple(dict.fromkeys((self._chance.choice(others), shown[0])))
        return ()

    def _shown(self, identity: Identity, answer: Decoded) -> str:
        """Something that the answer shows of an entity, or of what it refers to."""
        told = answer.entities[identity]
        path: list[str] = []
        while len(path) < 4:
            path.append(self._chance.choice([name for name in told if not name.startswith("__")]))
            value = told[path[-1]]
            members = [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, tuple)]
            if not members or self._chance.random() < 0.25:
                break
            told = answer.entities[self._chance.choice(members)]
        return ".".join(path)
