"""Who asks, and in which manner: a request's headers and body to an `ApiCall`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ftrack_proxy.identity.credentials import credentials_of, identity_of
from ftrack_proxy.protocol.headers import parse_cache_control
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
    """
    credentials = credentials_of(headers)
    identity = None
    if credentials is not None:
        identity = identity_of(credentials, salt, authorization=headers.get("Authorization", ""))
    return ApiCall(
        raw_path=raw_path,
        headers=pairs,
        body=body,
        plain=plain,
        credentials=credentials,
        identity=identity,
        variant=_variant(headers),
        wishes=parse_cache_control(headers.get("Cache-Control")),
        manner=manner_of(headers.get("ftrack-api-options", "")),
    )


def _variant(headers: Mapping[str, str]) -> bytes:
    """``ftrack-api-options`` changes the body, ``ftrack-strict-api`` the errors (ftrack-protocol 1.2)."""
    strict = headers.get("ftrack-strict-api", "")
    text = f"{strict.strip().lower()}\0{headers.get('ftrack-api-options', '')}\0"
    return text.encode("utf-8", "surrogateescape")
