"""A server, a proxy and several users; every answer of the proxy is compared with the server's own."""

from __future__ import annotations

import datetime
import random
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson

from tests.ftrack_server import ApiError, Engine, FtrackServer, ProductionPlan, Writing
from tests.harness import LocalProxy, settings_for
from tests.oracle.aimed import Aimed
from tests.oracle.answers import Identity, answer_of, difference
from tests.oracle.deeds import Deeds
from tests.oracle.feeds import Feeds
from tests.oracle.hands import Hands
from tests.oracle.named import Named
from tests.oracle.population import Population
from tests.oracle.questions import Question, Questions
from tests.oracle.related import Related
from tests.oracle.tally import Tally
from tests.oracle.wire import Heard, Line, Switchboard, request
from tests.oracle.writing import Deed

USERS = ("ana", "bo", "artist0")
_PLAN = ProductionPlan(
    projects=2, sequences=1, shots=2, tasks=2, assets=1, versions=2, components=1, users=5, namesakes=True
)
_BEGIN = datetime.datetime.fromisoformat("2031-03-03T08:00:00")


class Mismatch(AssertionError):
    """The proxy gave another answer than the server."""


class Stage:
    """Everything that a run needs. ``chance`` decides everything; ``script`` tells what was done."""

    def __init__(self, seed: int, tally: Tally) -> None:
        self.chance = random.Random(seed)
        self.tally = tally
        self.script: list[str] = [f"seed {seed}"]
        self._folder = tempfile.TemporaryDirectory(prefix="oracle-")
        engine = Engine(_PLAN)
        # Each commit is at another minute, whenever it is run.
        engine.clock = lambda: _BEGIN + datetime.timedelta(minutes=engine.commits)
        engine.writing = Writing(self.chance.random() < 0.7, self.chance.random() < 0.3)
        self.server = FtrackServer(engine=engine).start()
        self.server.engine.set_project_access("bo", [self.server.production.projects[1]])
        user, key = self.server.credentials("ana")
        self._environment = {"FTRACK_API_USER": user, "FTRACK_API_KEY": key}
        # In a small memory much is forgotten, and some of it still known.
        size = self.chance.choice((2**25, 2**25, 2**17))
        folder = Path(self._folder.name)
        self._settings = settings_for(self.server.url, folder, memory_size=size, entities_size=size)
        self._truths: dict[tuple[int, Question], bytes] = {}
        self._requests: dict[Question, bytes] = {}
        population = Population(self.server, self.chance)
        self.deeds = Deeds(population, self.chance)
        self.population = population
        self._questions = Questions(population, self.chance, USERS)
        self.named = Named(population, self.chance)
        self.related = Related(self.named, self.chance, USERS)
        self.aimed = Aimed(population, self.chance)
        self.hands = Hands(population, self.chance)
        self.live: list[Question] = []
        self._open()

    # -- life ------------------------------------------------------------------------------------------

    def _open(self) -> None:
        self.proxy = LocalProxy(self._settings, self._environment).start()
        self.feeds = Feeds(self.server, self.proxy)
        self.board = Switchboard(self.proxy.url)
        self._requests.clear()
        # Everybody is accepted once, so that everybody has a feed.
        hello = [{"action": "query_server_information"}]
        self.board.ask([self.request_of(user, hello) for user in USERS])
        self.feeds.wait_live()

    def _close(self) -> None:
        self.board.close()
        self.proxy.stop()

    def close(self) -> None:
        self.server.clear_faults()
        self._close()
        self.server.stop()
        self._folder.cleanup()
        if self.server.crashes and sys.exc_info()[0] is None:
            raise AssertionError(f"the simulated server broke: {self.server.crashes!r}")

    def stop_proxy(self) -> None:
        self.proxy.parts.store.flush()
        self._close()

    def start_proxy(self) -> None:
        self._open()

    # -- asking ----------------------------------------------------------------------------------------

    def request_of(self, user: str, operations: Sequence[dict[str, Any]], *, denormalised: bool = False) -> bytes:
        credentials = self.server.credentials(user)
        return request(self.proxy.url, *credentials, operations, denormalised=denormalised)

    def bytes_of(self, question: Question) -> bytes:
        found = self._requests.get(question)
        if found is None:
            if len(self._requests) > 5_000:
                self._requests.clear()
            found = self.request_of(question.user, question.operations, denormalised=question.denormalised)
            self._requests[question] = found
        return found

    def line(self) -> Line:
        return Line(self.proxy.url)

    def new_questions(self, count: int = 1) -> list[Question]:
        """New questions become live, old ones go."""
        found = [self._questions.question() for _ in range(count)]
        self.live.extend(found)
        while len(self.live) > 48:
            self.live.pop(self.chance.randrange(len(self.live)))
        return found

    def some_questions(self, count: int) -> list[Question]:
        return self.chance.sample(self.live, min(count, len(self.live)))

    def related_questions(self, count: int, to: Sequence[Question] = ()) -> list[Question]:
        """Questions that nobody asked yet, beside others (live ones) and about the rows in their answers."""
        known = to or self.live
        beside = [self.chance.choice(known) for _ in range(count)] if known else []
        found = (self.related.to(q, answer_of(t)) for q, t in zip(beside, self.truths(beside), strict=True))
        return [question for question in found if question is not None]

    def questions_reaching(
        self, target: Identity, names: Sequence[str], count: int, to: Sequence[Question]
    ) -> list[Question]:
        """Questions that nobody asked yet, for ``names`` of ``target`` behind entities in the answers to others."""
        known = [self.chance.choice(to) for _ in range(count)] if to else []
        truths = zip(known, self.truths(known), strict=True)
        found = (self.related.reaching(target, names, question, answer_of(truth)) for question, truth in truths)
        return [question for question in found if question is not None]

    def warm(self, questions: Iterable[Question]) -> None:
        """Ask without a look at the answers: they may be of the past while events are held back."""
        asked = [self.bytes_of(question) for question in questions]
        self.tally.warming += len(asked)
        self.board.ask(asked)

    def check(self, questions: Sequence[Question]) -> None:
        """Ask through the proxy; every answer has to be what the server answers now."""
        heard = self.board.ask([self.bytes_of(question) for question in questions])
        for question, answer, truth in zip(questions, heard, self.truths(questions), strict=True):
            self.compare(question, answer, [truth])

    def check_all(self, *, times: int = 1) -> None:
        for _ in range(times):
            self.check(self.live)

    def truths(self, questions: Sequence[Question]) -> list[bytes]:
        """What the server answers at its present commit."""
        commit = self.server.commits
        if len(self._truths) > 5_000:
            self._truths.clear()
        missing = [q for q in dict.fromkeys(questions) if (commit, q) not in self._truths]
        if missing:
            answers = self.server._on_loop(lambda: [self._evaluated(q) for q in missing])
            self._truths.update(((commit, q), a) for q, a in zip(missing, answers, strict=True))
        return [self._truths[commit, q] for q in questions]

    def _evaluated(self, question: Question) -> bytes:
        engine = self.server.engine
        try:
            caller = engine.authenticate(*engine.credentials(question.user))
            outcome = engine.run_batch(caller, question.operations, denormalize=question.denormalised)
            return orjson.dumps(outcome.responses)
        except ApiError as error:
            return orjson.dumps({"exception": error.exception})

    def compare(self, question: Question, heard: Heard, admissible: Sequence[bytes]) -> None:
        """The answer has to be one of the admissible ones."""
        self.tally.count(heard)
        found = self.differs(question, heard, admissible)
        if found is not None:
            raise Mismatch(self.report(question, heard, admissible[-1], found))

    @staticmethod
    def differs(question: Question, heard: Heard, admissible: Sequence[bytes]) -> str | None:
        """In what an answer differs from the last of the admissible ones; ``None`` if it is one of them."""
        found = [difference(heard.body, t, question.ordered, whole=question.denormalised) for t in admissible]
        return None if None in found else found[-1]

    def report(self, question: Question, heard: Heard, truth: bytes, what: str) -> str:
        """Everything about a wrong answer, and how it came about."""
        return "\n".join(
            [
                "the proxy answered differently from ftrack", *self.script, f"question: {question}",
                f"Cache-Status: {heard.cache_status}", f"proxied: {heard.body.decode(errors='replace')[:4000]}",
                f"direct:  {truth.decode()[:4000]}", f"difference: {what}",
            ]
        )  # fmt: skip

    # -- writing ---------------------------------------------------------------------------------------

    def own(self, deed: Deed, user: str = "ana", *, note: str = "") -> Any:
        """A write through the proxy; returns its decoded answer."""
        self._told(f"own write of {user}{note}", deed)
        denormalised = self.chance.random() < 0.15
        heard = self.board.ask([self.request_of(user, deed.operations, denormalised=denormalised)])[0]
        answer = orjson.loads(heard.body)
        if not isinstance(answer, list):
            self.tally.refused += 1
            self.script[-1] += f" -> {answer.get('exception')}: {answer.get('content')}"
        return answer

    def foreign(self, deed: Deed, *, silent: bool = False, note: str = "") -> None:
        """A write of somebody else, elsewhere."""
        self._told(f"foreign write{' without event' if silent else ''}{note}", deed)
        try:
            self.server.call(list(deed.operations), "ray", silent=silent)
        except ApiError as error:
            self.tally.refused += 1
            self.script[-1] += f" -> {error}"

    def _told(self, how: str, deed: Deed) -> None:
        self.tally.deeds[deed.kind] += 1
        self.script.append(f"{how}, {deed.kind}: {orjson.dumps(deed.operations).decode()}")

    def tell(self, what: str) -> None:
        self.script.append(what)
