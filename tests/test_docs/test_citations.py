"""Every citation in the code and on the pages can be looked up: of our pages, of RFCs, and links between pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.test_docs.pages import PAGES, SETTINGS, SOURCES, TOP, anchors_of, name_of, remarks_of, text_of

PROTOCOL = TOP / "docs" / "ftrack-protocol.md"
STANDARDS = TOP / "docs" / "standards.md"
SECTIONS = re.findall(r"^##+ (\d+(?:\.\d+)?)\.? ", text_of(PROTOCOL), re.MULTILINE)

_NUMBER = r"\d{1,2}(?:\.\d{1,2})?"
_LIST = rf"{_NUMBER}(?:(?:,| and| to|, and) {_NUMBER})*"
_CITATION = re.compile(rf"ftrack-protocol(?:\.md)? ({_LIST})(?!\w)")
# Numbers that look like sections and are none.
_OTHER_NUMBERS = re.compile(
    r"RFC \d+(?:,? [\d.]+\b)*|HTTP/1\.\d|(?:Python|socket\.io|TLS|aiohttp|standard|ftrack) \d[\d.]*\d"
    r"|\d\.\d+ ?(?:s|ms|MB|kB|GB|seconds|%)\b|\d+\.\d+\.\d+[\d.]*"
)
_BARE = re.compile(r"(?<![\w./$-])([1-9]\.\d{1,2})(?![\w.]*\w)")
_IN_BRACKETS = re.compile(r"\(([1-9]\.\d{1,2})[,):]")
_RFC = re.compile(r"RFC[ -]?(\w+)((?:,? \d+(?:\.\d+)+|,? \d+(?![\w.]))*)")

# This file, and the one that holds it, write citations in order to test them.
_OWN = {Path(__file__), Path(__file__).with_name("pages.py")}
_MAY_CITE = re.compile(
    r"ftrack-protocol|\bRFC|[Dd]esign|DESIGN|protocol\s+reference|\.md\b|\([1-9]\.\d|, [1-9]\.\d{1,2}\)"
)
CITING = [file for file in (*SOURCES, *SETTINGS) if file not in _OWN and _MAY_CITE.search(text_of(file))]


def cited(remark: str) -> Iterator[str]:
    """The sections of the protocol page that a remark names with the page."""
    for numbers in _CITATION.findall(remark):
        yield from sections_in(numbers)


def sections_in(numbers: str) -> Iterator[str]:
    """``5.7, 5.8`` is two sections, ``7.1 to 7.4`` four."""
    parts = re.split(r"(?:, and|,| and) ", numbers)
    for part in parts:
        first, _, last = part.partition(" to ")
        if not last:
            yield first
            continue
        chapter, _, start = first.partition(".")
        other, _, end = last.partition(".")
        assert chapter == other, f"a range within one chapter: {part}"
        assert int(start) < int(end), f"a range upwards: {part}"
        yield from (f"{chapter}.{number}" for number in range(int(start), int(end) + 1))


def test_the_sections_of_the_protocol_page_are_numbered_without_gaps() -> None:
    assert len(SECTIONS) == len(set(SECTIONS))
    chapters = [int(section) for section in SECTIONS if "." not in section]
    assert chapters == list(range(1, len(chapters) + 1))
    for chapter in chapters:
        inside = [int(section.partition(".")[2]) for section in SECTIONS if section.startswith(f"{chapter}.")]
        assert inside == list(range(1, len(inside) + 1)), chapter


def test_what_is_cited_of_the_protocol_exists() -> None:
    assert [problem for file in CITING for problem in problems_of(file)] == []


def problems_of(file: Path) -> Iterator[str]:
    """The citations of the protocol in one file that cannot be looked up."""
    remarks = remarks_of(file)
    for remark in remarks:
        mentions = len(re.findall(r"ftrack-protocol(?!\.md\b(?! \d))", remark))
        if mentions != len(_CITATION.findall(remark)):
            yield f"{name_of(file)}: a citation names a section: {remark}"
        yield from (f"{name_of(file)}: {section}: {remark}" for section in cited(remark) if section not in SECTIONS)
        numbers = _OTHER_NUMBERS.sub("", remark)
        if not any("ftrack-protocol" in other for other in remarks):
            yield from (f"{name_of(file)}: {section} of what? {remark}" for section in _IN_BRACKETS.findall(numbers))
        else:
            yield from (f"{name_of(file)}: {s}: {remark}" for s in _BARE.findall(numbers) if s not in SECTIONS)


def test_nothing_is_cited_that_does_not_ship() -> None:
    absent = re.compile(r"\bDESIGN\b|[Dd]esign (?:section )?\d|protocol reference|anchors\.md|workloads\.md")
    cited_all_the_same = {
        f"{name_of(file)}: {found[0]}"
        for file in (*CITING, *PAGES)
        for remark in remarks_of(file)
        if (found := absent.search(remark))
    }
    assert cited_all_the_same == set()


def test_pages_cite_sections_of_the_protocol_that_exist() -> None:
    for page in PAGES:
        assert set(cited(re.sub(r"\s+", " ", text_of(page)))) <= set(SECTIONS), page
    text = re.sub(r"\[[^]]*\]\([^)]*\)", "", re.sub(r"\s+", " ", text_of(PROTOCOL)))
    inner = re.findall(rf"\(({_LIST})[):;]", text)
    assert len(inner) > 30
    assert {section for numbers in inner for section in sections_in(numbers)} <= set(SECTIONS)


def rfcs_in(text: str) -> set[tuple[str, str]]:
    """Every RFC that a text names, with each section; an empty one if it names none."""
    found: set[tuple[str, str]] = set()
    for number, sections in _RFC.findall(text):
        found |= {(number, section) for section in re.findall(r"[\d.]+", sections) or [""]}
    return found


def test_every_rfc_is_cited_with_a_section_and_is_on_the_list() -> None:
    used: dict[tuple[str, str], str] = {}
    for file in (*CITING, *(page for page in PAGES if page != STANDARDS)):
        for remark in remarks_of(file):
            used.update(dict.fromkeys(rfcs_in(remark), f"{name_of(file)}: {remark}"))
    for (number, section), where in used.items():
        assert re.fullmatch(r"\d{3,4}", number), where
        assert section, where
    assert used.keys() == listed_standards()


def listed_standards() -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for item in re.split(r"^- ", text_of(STANDARDS), flags=re.MULTILINE)[1:]:
        head = re.match(r"\*\*RFC (\d+)\*\*, [^:]+: ", item)
        assert head is not None, item
        sections = re.findall(r"(?:^|, |,\s+)(\d+(?:\.\d+)*) ", item[head.end() :])
        assert sections, item
        found |= {(head[1], section) for section in sections}
    return found


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        text = re.sub(r"^```.*?^```", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            assert file.exists(), f"{page}: {target}"
            assert not anchor or anchor in anchors_of(file), f"{page}: {target}"
