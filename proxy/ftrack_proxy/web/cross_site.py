"""Requests of web pages of other origins: a browser sends them for any page, with its cookies."""

from __future__ import annotations

from collections.abc import Collection

from aiohttp import web

from ftrack_proxy.identity.disclosure import has_own_key
from ftrack_proxy.identity.pages import ANY, OPAQUE, ORIGIN_HEADERS, foreign_page
from ftrack_proxy.identity.permissions import preflight_of
from ftrack_proxy.request.call import Reply
from ftrack_proxy.request.reply import of_error

# What @ftrack/api shows where there is no thumbnail (ftrack-protocol 1.1): for anybody, and without effect.
_PICTURES = "/img/"


class CrossSiteCheck:
    """Refuses requests of pages of other origins, unless they carry a key of their own or the origin is allowed.

    What a page sends without a key could only act for the user of the browser (by cookies), or do harm by being sent
    at all. A page that has a key could as well be a program; its requests go on without the browser's cookies, so that
    it acts for nobody else.
    """

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = frozenset(allowed)

    def admit(self, request: web.Request) -> web.Request | Reply:
        """Return the request as it may go on, or the answer to one that is refused."""
        if not any(name in request.headers for name in ORIGIN_HEADERS):
            return request
        headers = list(request.headers.items())
        page = foreign_page(headers)
        if page is None or page in self._allowed or ANY in self._allowed:
            return request
        if not has_own_key(request.raw_path, headers) and not _is_harmless(request):
            return _refused(page)
        if "Cookie" not in request.headers:
            return request
        return request.clone(headers=[(name, value) for name, value in headers if name.lower() != "cookie"])


def _is_harmless(request: web.Request) -> bool:
    """Navigation, preflights and pictures."""
    if request.method in ("GET", "HEAD"):
        mode = request.headers.get("Sec-Fetch-Mode")
        is_socket = request.headers.get("Upgrade") is not None
        return (mode == "navigate" and not is_socket) or request.path.startswith(_PICTURES)
    return preflight_of(request.method, request.path, request.headers) is not None


def _refused(page: str) -> Reply:
    name = "one that does not say its origin" if page == OPAQUE or len(page) > 200 else page
    return of_error(
        403,
        "CrossSiteRequestError",
        f"ftrack-proxy answers web pages of other sites (here {name}) only if they send a user and API key of their "
        "own (ftrack-user and ftrack-api-key). To allow all requests of a page, add its origin to the setting "
        "allowed_origins (FTRACK_PROXY_ALLOWED_ORIGINS).",
        "proxy_cross_site_request",
    )
