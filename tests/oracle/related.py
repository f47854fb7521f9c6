"""Questions beside others: what a cache that knows the answer to one of them may answer, or must not."""

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
        shown = [name for name in answer.entities[identity] if not name.startswith("__")]
        others = attributes_of(identity[0])
        if chosen < 0.6 or not others:
            return self._chance.sample(shown, self._chance.randint(1, min(3, len(shown))))
        if chosen < 0.75:
            return (self._chance.choice(others),)
        if chosen < 0.95:
            return (self._chance.choice(others), self._chance.choice(shown))
        return ()
