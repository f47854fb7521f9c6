"""``ftrack-proxy explain``: ask the running proxy why a query is answered as it is."""

from __future__ import annotations

import http.client
import json
import textwrap
import unicodedata
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from typing import Any

import click

from ftrack_proxy.cli.options import config_option, one_setting
from ftrack_proxy.settings import DEFAULT_PORT, Address

_TIMEOUT = 30.0
_WIDTH = 100
_LABEL = 15
_MOST = 2**24
_MOST_WINDOWS = 5
_NEEDED = {"understood", "from_cache", "why", "nearest", "windows"}
_KNOWN = {
    "entity": "all that it shows of its rows is known from other answers: it is put together from those",
    "window": "it is a part of a list that is known: it is cut out of that",
    "projection": "its list, and all that it shows of the rows, is known: it is put together from that",
}


@click.command()
@click.argument("expression")
@config_option
@click.option("--url", help="The running proxy.  [default: where the setting listen says]")
@click.option("--json", "as_json", is_flag=True, help="Print all that the proxy says, as JSON.")
def explain(expression: str, config: str | None, url: str | None, as_json: bool) -> None:
    """Say why a query is answered from the cache, or is not.

    \b
    Example: ftrack-proxy explain 'select name from Task where status.name is "Done"'

    Says first whether the query would be answered from the cache now. Then what it reads, on which terms its answer is
    kept, whether what is kept is fresh, the change that made it stale, and what would. The paging that clients add to a
    query may be left out. Asks the running proxy, on the same machine; ftrack is not asked.
    """
    document = _ask(_checked(url) if url else _default_url(config), expression)
    click.echo(json.dumps(document, indent=2) if as_json else rendered(document))
    if not document["understood"]:
        raise click.ClickException(f"not understood at position {document['position']}: {document['problem']}")


def _default_url(config: str | None) -> str:
    """The proxy's address, by the same settings that tell it where to listen."""
    address: Address = one_setting("listen", config)
    # A listener on every address is asked by the loopback address.
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104 # nosec B104
    return f"http://{Address(local, address.port)}"


def _checked(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise click.UsageError(f"--url {url} is no URL; expected for example http://localhost:{DEFAULT_PORT}")
    return url.rstrip("/")


def _ask(url: str, expression: str) -> dict[str, Any]:
    query = urllib.parse.urlencode({"expression": expression})
    # Without the HTTP proxy that the environment may name: the address is this machine's.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    not_a_proxy = click.ClickException(
        f"what answers at {url} is no ftrack-proxy that can explain; name the proxy with --url"
    )
    try:
        with opener.open(f"{url}/-/explain?{query}", timeout=_TIMEOUT) as answer:
            document = json.loads(answer.read(_MOST))
    except urllib.error.HTTPError as error:
        with error:
            problem = _problem_of(error.read(_MOST))
        if problem is None:
            raise not_a_proxy from None
        kind = click.UsageError if error.code == 400 else click.ClickException
        raise kind(f"{url} says: {problem}") from None
    except TimeoutError:
        raise click.ClickException(f"{url} does not answer within {_TIMEOUT:g} s") from None
    except urllib.error.URLError as error:
        raise click.ClickException(
            f"no proxy answers at {url} ({error.reason}); start it with ftrack-proxy serve, or name it with --url"
        ) from None
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        raise not_a_proxy from None
    if not isinstance(document, dict) or not document.keys() >= _NEEDED:
        raise not_a_proxy
    return document


def _problem_of(body: bytes) -> str | None:
    """The text of an ftrack-proxy's error; ``None`` for other servers'."""
    try:
        document = json.loads(body)
        content, code = document["content"], document["error_code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return content if isinstance(content, str) and str(code).startswith("proxy_") else None


def rendered(document: Mapping[str, Any]) -> str:
    """The document as text: lines of a label and what it says."""
    lines = _answer(document)
    if document["understood"]:
        lines += _line("query", document["canonical"])
    else:
        lines += [
            *_pointed(document["expression"], document["position"]),
            *_line("not understood", document["problem"]),
        ]
    if document["nearest"]:
        lines += _line("did you mean", ", ".join(document["nearest"]))
    if document["reads"] is not None:
        lines += _line("families", ", ".join(document["reads"]["families"]))
        lines += _line("filters by", ", ".join(document["reads"]["filter"]) or "nothing")
        lines += _line("shows", ", ".join(document["reads"]["projection"]))
        if document["reads"]["derived"]:
            lines += _line("derived from", ", ".join(document["reads"]["derived"]))
    if document["policy"] is not None:
        lines += _line("policy", _terms(document["policy"]))
        lines += _items(f"{rule['of']} is {rule['kind']}: {rule['reason']}" for rule in document["policy"]["rules"])
    if document["understood"]:
        lines += _line("cached", _verdict(document))
    if document["known"] is not None:
        lines += _line("known", _KNOWN[document["known"]])
    if document["reason"] is not None and document["reason"]["seq"] is not None:
        lines += _decided(document["reason"])
    if document["invalidated_by"]:
        lines += _line("made stale by", "")
        lines += _items(
            f"{entry['rule'] or '-':<4}{change}" for entry in document["invalidated_by"] for change in entry["changes"]
        )
    return "\n".join(lines)


def _answer(document: Mapping[str, Any]) -> list[str]:
    words = f"would be answered from the cache: {'yes' if document['from_cache'] else 'no'}, {document['why']}"
    return textwrap.wrap(words, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _terms(policy: Mapping[str, Any]) -> str:
    if not policy["kept"]:
        return "not kept"
    until = "until a change affects it, " if policy["evented"] else ""
    where = "in memory and on disk" if policy["durable"] else "in memory only"
    return f"kept {until}at most {policy['max_age']:g} s, {where}"


def _verdict(document: Mapping[str, Any]) -> str:
    if not document["cached"]:
        return "nothing"
    answers = (
        "1 answer" if document["cached"] == 1 else f"{document['cached']} answers, of several users; the worst is shown"
    )
    pages = ", ".join(_window(**window) for window in document["windows"][:_MOST_WINDOWS])
    more = " ..." if len(document["windows"]) > _MOST_WINDOWS else ""
    reason = f"{document['verdict']} ({document['reason']['value']}), {document['reason']['words']}"
    return f"{answers}: {reason}; asked for {pages}{more}"


def _window(offset: int, limit: int | None) -> str:
    if limit is None:
        return f"all rows from {offset}" if offset else "all rows"
    return f"offset {offset} limit {limit}"


def _decided(reason: Mapping[str, Any]) -> list[str]:
    change = reason["change"]["words"] if reason["change"] else "no longer known"
    return _line("decided by", f"change {reason['seq']}, {change}; rule {reason['rule']}: {reason['rule_words']}")


def _pointed(expression: str, position: int) -> list[str]:
    """The expression's line with the problem, as far as it fits, and a caret below the very place."""
    before = expression[:position].rpartition("\n")[2]
    after = expression[position:].partition("\n")[0]
    if len(before) > _WIDTH // 2:
        before = "..." + before[3 - _WIDTH // 2 :]
    if len(before) + len(after) > _WIDTH:
        after = after[: _WIDTH - 3 - len(before)] + "..."
    return [_plain(before) + _plain(after), " " * _columns(_plain(before)) + "^"]


def _plain(text: str) -> str:
    """Tabs and other characters that would move a terminal's cursor become blanks."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _columns(text: str) -> int:
    """How wide a terminal shows ``text``."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(bool(unicodedata.combining(letter)) for letter in text)


def _line(label: str, text: str) -> list[str]:
    wrapped = textwrap.wrap(text, _WIDTH - _LABEL, break_on_hyphens=False) or [""]
    return [f"{label if index == 0 else '':<{_LABEL}}{part}".rstrip() for index, part in enumerate(wrapped)]


def _items(texts: Iterable[str]) -> list[str]:
    indent = " " * _LABEL
    return [
        line
        for text in texts
        for line in textwrap.wrap(
            text,
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=indent + "  ",
            break_on_hyphens=False,
            drop_whitespace=True,
        )
    ]
