"""``ftrack-proxy explain``: ask the running proxy why a query is answered as it is."""

from __future__ import annotations

import http.client
import json
import textwrap
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

    Shows what the query reads, on which terms its answer is kept, whether what is kept is fresh, the change that
    made it stale, and what would. Asks the running proxy, on the same machine; ftrack is not asked.
    """
    said = _ask(_checked(url) if url else _default_url(config), expression)
    click.echo(json.dumps(said, indent=2) if as_json else told(said))


def _default_url(config: str | None) -> str:
    """The proxy's address, by the same settings that tell it where to listen."""
    address: Address = one_setting("listen", config)
    # Who listens on every address is asked on this machine's own.
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104 # nosec B104
    return f"http://{Address(local, address.port)}"


def _checked(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise click.UsageError(f"--url {url} is no URL; expected for example http://localhost:{DEFAULT_PORT}")
    return url.rstrip("/")


def _ask(url: str, expression: str) -> dict[str, Any]:
    query = urllib.parse.urlencode({"expression": expression})
    # Environments with a proxy for the way out must not send what is meant for this machine there.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/-/explain?{query}", timeout=_TIMEOUT) as answer:
            said = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            problem = _content_of(error.read()) or f"status {error.code}"
        kind = click.UsageError if error.code == 400 else click.ClickException
        raise kind(f"{url} says: {problem}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise click.ClickException(
            f"no proxy answers at {url} ({reason}); start it with ftrack-proxy serve, or name it with --url"
        ) from None
    except ValueError:
        said = None
    if not isinstance(said, dict) or "understood" not in said:
        raise click.ClickException(f"what answers at {url} is no ftrack-proxy; name the proxy with --url")
    return said


def _content_of(body: bytes) -> str | None:
    try:
        content = json.loads(body)["content"]
    except (ValueError, KeyError, TypeError):
        return None
    return content if isinstance(content, str) else None


def told(said: Mapping[str, Any]) -> str:
    """The document for a person: a label and its text a line."""
    lines: list[str] = []
    if said["understood"]:
        lines += _line("query", said["canonical"])
    else:
        lines += [*_pointed(said["expression"], said["position"]), *_line("not understood", said["problem"])]
    if said["reads"] is not None:
        lines += _line("families", ", ".join(said["reads"]["families"]))
        lines += _line("filters by", ", ".join(said["reads"]["filter"]) or "nothing")
        lines += _line("shows", ", ".join(said["reads"]["projection"]))
        if said["reads"]["derived"]:
            lines += _line("derived from", ", ".join(said["reads"]["derived"]))
    if said["policy"] is not None:
        lines += _line("policy", _terms(said["policy"]))
        lines += _items(f"{rule['of']} is {rule['kind']}: {rule['reason']}" for rule in said["policy"]["rules"])
    if said["why_not"]:
        lines += _line("not kept", said["why_not"])
    lines += _line("cached", _verdict(said))
    if said["known"] is not None:
        lines += _line("known", _KNOWN[said["known"]])
    if said["reason"] is not None and said["reason"]["seq"] is not None:
        lines += _decided(said["reason"])
    if said["invalidated_by"]:
        lines += _line("made stale by", "")
        lines += _items(
            f"{entry['rule'] or '-':<4}{change}" for entry in said["invalidated_by"] for change in entry["changes"]
        )
    return "\n".join(lines)


def _terms(policy: Mapping[str, Any]) -> str:
    if not policy["kept"]:
        return "not kept"
    until = "until a change affects it, " if policy["evented"] else ""
    where = "in memory and on disk" if policy["durable"] else "in memory only"
    return f"kept {until}at most {policy['max_age']:g} s, {where}"


def _verdict(said: Mapping[str, Any]) -> str:
    if not said["cached"]:
        return "nothing"
    answers = "1 answer" if said["cached"] == 1 else f"{said['cached']} answers, of several users; the worst is shown"
    return f"{answers}: {said['verdict']} ({said['reason']['value']}), {said['reason']['words']}"


def _decided(reason: Mapping[str, Any]) -> list[str]:
    change = reason["change"]["words"] if reason["change"] else "no longer known"
    return _line("decided by", f"change {reason['seq']}, {change}; rule {reason['rule']}: {reason['rule_words']}")


def _pointed(expression: str, position: int) -> list[str]:
    """The expression's line with the problem, and a caret below the very place."""
    before = expression[:position].rpartition("\n")[2]
    line = before + expression[position:].partition("\n")[0]
    return [line.replace("\t", " "), " " * len(before) + "^"]


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
