"""What events say is never part of an answer: they only take away what could have been answered."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ftrack_proxy.answers.knowledge import Knowledge, Knowledges
from ftrack_proxy.answers.learn import learn
from ftrack_proxy.answers.reading import Reading
from ftrack_proxy.answers.take_apart import take_apart
from ftrack_proxy.freshness.change import Change
from ftrack_proxy.freshness.judge import Meaning
from ftrack_proxy.freshness.policy import Terms
from ftrack_proxy.freshness.result import Start
from ftrack_proxy.protocol.headers import CacheControl
from ftrack_proxy.protocol.options import Manner
from ftrack_proxy.request.call import ApiCall
from ftrack_proxy.request.recall import Recall, Recalled
from ftrack_proxy.request.understand import Understood
from tests.test_affects import cases
from tests.test_answers.production import CATALOGUE, Production, answer, entry, productions, reading, source
from tests.test_answers.test_fresh import NAMES, PATHS, log_of

_OLD_NEW = st.tuples(st.sampled_from([None, "a", "t1", "s1"]), st.sampled_from([None, "a", "t1", "s1"]))
CLAIMS = st.builds(
    lambda kind, name, action, path, changes: cases.event(kind, name, action, path, **changes),
    st.sampled_from(["Task", "Shot", "Project", "Status", "Note"]),
    NAMES,
    st.sampled_from(["add", "update", "remove", "move"]),
    PATHS,
    st.dictionaries(st.sampled_from(["name", "statusid", "parent_id", "bid", "id"]), _OLD_NEW, max_size=2),
)
QUESTIONS = [
    ({"name": {}}, "Task where id is t1"),
    ({"name": {}}, "TypedContext where id is t1 limit 1"),
    ({"name": {}}, "Task where id in (t1, t2, x1)"),
    ({"name": {}, "status": {"name": {}}}, "Task where id is t2"),
    ({"children": {"name": {}}}, "Shot where id is s1"),
    ({"name": {}}, 'Task where name is "t1" order by name limit 2'),
    ({"name": {}}, "Task where id is x1"),
]
TERMS = Terms(max_age=1e9, evented=True, durable=False)
CALL = ApiCall("/api", (), b"", b"", None, b"ana", b"", CacheControl())


def asked_of(knowledges: Knowledges, number: int, changes: list[Change]) -> object:
    shown, rest = QUESTIONS[number]
    found: Reading = reading(shown, rest)
    question = cases.question(
        f"select name from {rest}" if "children" not in shown else f"select children.name from {rest}"
    )
    meaning = Meaning(question, CATALOGUE)
    understood = Understood(question.reads.families, TERMS, meaning, found)
    log = log_of(changes)
    return Recall(log, knowledges).attempt(CALL, understood, Start(log.head, 1, True, 9.0))


def known_of(production: Production, rows: list[str], number: int) -> Knowledges:
    """What was answered to a question before."""
    knowledges = Knowledges(10**6)
    knowledge: Knowledge = knowledges.of(b"ana" + Manner.NORMALISED.value)
    shown, rest = QUESTIONS[number]
    asked = reading(shown, rest)
    written = answer(production, rows, asked.tree, normalised=True)
    learn(knowledge, asked, entry(written), take_apart(written, asked.tree, CATALOGUE), source(0), CATALOGUE)
    return knowledges


@settings(deadline=None, max_examples=300)
@given(
    productions(),
    st.lists(st.sampled_from(["t1", "t2"]), max_size=2, unique=True),
    st.integers(0, len(QUESTIONS) - 1),
    st.integers(0, len(QUESTIONS) - 1),
    st.lists(CLAIMS, min_size=1, max_size=4),
)
def test_events_only_take_answers_away(
    production: Production, rows: list[str], told: int, asked: int, events: list[list[Change]]
) -> None:
    changes = [change for event in events for change in event]
    now = asked_of(known_of(production, rows, told), asked, changes)
    if isinstance(now, Recalled):
        before = asked_of(known_of(production, rows, told), asked, [])
        assert isinstance(before, Recalled)
        assert now.result.body == before.result.body
