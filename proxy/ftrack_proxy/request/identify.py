"""Who asks, and in which manner: a request's headers and body to an `ApiCall`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ftrack_proxy.identity.credentials import credentials_of, identity_of
from ftrack_proxy.identity.shown import shows_nobody
from ftrack_proxy.protocol.headers import end_to_end, parse_cache_control
from ftrack_proxy.protocol.options import manner_of
from ftrack_proxy.request.call import ApiCall


def identify(
    raw_path: str,
    headers: Mapping[str, str],
    pairs: Sequence[tuple[str, str]],
    body: bytes,
    plain: bytes | None,
    salt: bytes,
) -> ApiCall:
    """Read what decides how a request is answered.

    ``headers`` looks names up without regard to case; ``pairs`` are the same headers as they came. ``plain`` is the
    body without content encoding.
    Who asks is told by what ftrack will see of the headers. A query string might name somebody else: such a call has no
    identity.
    """
    seen = end_to_end(pairs)
    credentials = None if "?" in raw_path else credentials_of(seen)
    identity = None if credentials is None else identity_of(credentials, salt, seen)
    return ApiCall(
        raw_path=raw_path,
        headers=pairs,
        body=body,
        plain=plain,
        credentials=credentials,
        identity=identity,
        variant=_variant(seen),
        wishes=parse_cache_control(headers.get("Cache-Control")),
        manner=manner_of(";".join(value for name, value in seen if name.lower() == "ftrack-api-options")),
        cookies=tuple(value for name, value in seen if name.lower() == "cookie"),
        origin=headers.get("Origin"),
        shows_nobody=shows_nobody(raw_path, seen),
    )


def _variant(headers: Sequence[tuple[str, str]]) -> bytes:
    """``ftrack-api-options`` changes the body, ``ftrack-strict-api`` the errors (ftrack-protocol 1.2)."""
    strict = [value.strip().lower() for name, value in headers if name.lower() == "ftrack-strict-api"]
    options = [value for name, value in headers if name.lower() == "ftrack-api-options"]
    return "\0".join((*strict, "", *options, "")).encode("utf-8", "surrogatepass")
