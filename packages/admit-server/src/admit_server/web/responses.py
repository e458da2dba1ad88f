"""Rendering of answers and refusals: RFC 6749 JSON, RFC 9457 problems, or a page."""

from typing import Any, Literal

import msgspec
from starlette.responses import RedirectResponse, Response

from ..domain.errors import (
    Busy,
    InsufficientScope,
    InsufficientUserAuthentication,
    InvalidClient,
    InvalidToken,
    LinkEnded,
    ProtocolError,
    StillWaiting,
    TooManyTries,
    UseDpopNonce,
)
from ..domain.times import about, in_words
from ..flows.first_party import InsufficientAuthorization
from ..flows.issuing import IssuedTokens
from .site import Site

Kind = Literal["oauth", "problem", "page"]
NO_STORE = {"Cache-Control": "no-store"}
_encode = msgspec.json.Encoder().encode

_TITLES = {
    400: "That request can't be understood",
    401: "Not signed in",
    403: "Not allowed",
    404: "Nothing is here",
    405: "Not that way",
    410: "No longer here",
    413: "Too large",
    429: "Too many tries",
    500: "Something went wrong here",
    503: "Back in a moment",
}

Ways = tuple[tuple[str, str], ...]
# Where a link that ended is had anew, by the page that it led to. Invitations and recovery are an administrator's to give.
_ANEW: dict[str, Ways] = {
    "/reset": (("/forgot", "Ask for a new link"), ("/sign-in", "Sign in")),
    "/sign-up/confirm": (("/sign-up", "Begin again"), ("/sign-in", "Sign in")),
    "/address": (("/account/profile", "Your addresses"),),
}
_NEW_LINKS = {
    "/reset": "If you have set a password since then, sign in with it. Otherwise ask for a new link.",
    "/sign-up/confirm": "If you have made your account with it, sign in. Otherwise begin again.",
    "/address": "Your addresses say whether this one is confirmed, and send a new link.",
}
# What a code means to somebody in front of a page: nothing but the code decides which of these they read.
_TO_PEOPLE = {
    "access_denied": "This was not allowed.",
    "invalid_client": "The application that sent you here is not known to this server.",
    "invalid_request": "The application that sent you here asked for something that this server refuses.",
}


def json(
    content: Any, *, status: int = 200, headers: dict[str, str] | None = None, media_type: str = "application/json"
) -> Response:
    """A JSON answer."""
    return Response(_encode(content), status, headers=headers, media_type=media_type)


def tokens(issued: IssuedTokens, *, next_nonce: str | None = None) -> Response:
    """RFC 6749 section 5.1: with `Cache-Control: no-store`; with a fresh nonce where the one in use is getting old."""
    body: dict[str, Any] = {
        "access_token": issued.access_token,
        "token_type": issued.token_type,
        "expires_in": issued.expires_in,
    }
    if issued.scope:  # RFC 6749 section 3.3: a scope has one word at least; a ticket of a transaction may have none
        body["scope"] = issued.scope
    if issued.refresh_token is not None:
        body["refresh_token"] = issued.refresh_token
    if issued.id_token is not None:
        body["id_token"] = issued.id_token
    if issued.authorization_details is not None:
        body["authorization_details"] = issued.authorization_details
    if issued.issued_token_type is not None:
        body["issued_token_type"] = issued.issued_token_type
    if issued.lease is not None and issued.lease_expires_in is not None:
        body |= {"lease": issued.lease, "lease_expires_in": issued.lease_expires_in}
    # RFC 9449 section 8.2: a new nonce may come with any answer.
    return json(body, headers=NO_STORE | ({"DPoP-Nonce": next_nonce} if next_nonce is not None else {}))


def see_other(url: str) -> Response:
    """303: the browser goes on with GET, and takes no password along (RFC 9700 section 4.12)."""
    return RedirectResponse(url, 303, headers=NO_STORE)


def refusal(error: ProtocolError, *, kind: Kind, site: Site, path: str = "", denial_id: str | None = None) -> Response:
    """Render a refusal once, for every endpoint: its code and its id. What was expected and found is for the administrator alone.

    `path`: where it was made; it says where somebody goes on from there.
    """
    headers = dict(NO_STORE)
    if isinstance(error, TooManyTries | Busy | StillWaiting):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, UseDpopNonce):
        headers["DPoP-Nonce"] = error.nonce
    if isinstance(error, InvalidClient):
        # RFC 6749 section 5.2: the 401 carries the challenge of the scheme that the client may use.
        headers["WWW-Authenticate"] = f'Basic realm="{site.rt.issuer}", charset="UTF-8"'
    if isinstance(error, InvalidToken | InsufficientScope):
        scope = ', scope="openid"' if isinstance(error, InsufficientScope) else ""
        if isinstance(error, InsufficientUserAuthentication):
            scope = f', max_age="{error.max_age_s}"'
        headers["WWW-Authenticate"] = f'Bearer realm="{site.rt.issuer}", error="{error.code}"{scope}'
    if kind == "page":
        return _refusal_page(error, path, site=site, denial_id=denial_id, headers=headers)
    if kind == "problem":
        told = error.public if error.tells else ""
        return problem(error.status, error.code, detail=told, denial_id=denial_id, headers=headers)
    body: dict[str, Any] = {"error": error.code}
    if error.tells and error.public:
        body["error_description"] = error.public
    if isinstance(error, InsufficientAuthorization):
        body |= {"auth_session": error.auth_session, "step": error.step}
    if denial_id is not None:
        body["denial_id"] = denial_id
    return json(body, status=error.status, headers=headers)


def _refusal_page(
    error: ProtocolError, path: str, *, site: Site, denial_id: str | None, headers: dict[str, str]
) -> Response:
    """The page of a refusal, with what somebody can do from there."""
    # An advice says itself what to do.
    what_to_do, title = "" if error.advice else None, ""
    ways: Ways = ()
    message = error.advice or _TO_PEOPLE.get(error.code, "")
    match error:
        case LinkEnded(starts_at=int(at)):
            title, what_to_do = "Not yet", f"It works from {in_words(at)} on, once. Keep it until then."
        case LinkEnded():
            title, ways = "This link has ended", _ANEW.get(path, (("/sign-in", "Sign in"),))
            what_to_do = _NEW_LINKS.get(path, "Ask the administrator for a new one, or sign in if you can already.")
        case TooManyTries(retry_after_s=wait):
            message, what_to_do = (
                f"Wait {about(wait)}, and try again then.",
                "It is so for everybody, to keep guessers out.",
            )
    return fault_page(
        error.status,
        site=site,
        message=message,
        title=title,
        what_to_do=what_to_do,
        ways=ways,
        denial_id=denial_id,
        headers=headers,
    )


def problem(
    status: int, code: str, *, detail: str = "", denial_id: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    """RFC 9457."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Refused"),
        "status": status,
        "code": code,
    }
    if detail:
        body["detail"] = detail
    if denial_id is not None:
        body["denial_id"] = denial_id
    return json(body, status=status, headers=NO_STORE | (headers or {}), media_type="application/problem+json")


def fault(
    status: int,
    code: str,
    *,
    kind: Kind,
    site: Site,
    detail: str,
    what_to_do: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """A refusal that no flow made: a wrong method, a body too large, a database that can't answer."""
    if kind == "page":
        return fault_page(status, site=site, message=detail, what_to_do=what_to_do, headers=headers)
    if kind == "problem":
        return problem(status, code, detail=detail, headers=headers)
    return json({"error": code, "error_description": detail}, status=status, headers=NO_STORE | (headers or {}))


def fault_page(
    status: int,
    *,
    site: Site,
    message: str,
    title: str = "",
    what_to_do: str | None = None,
    ways: Ways = (),
    denial_id: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """The error page: what happened, what to do, and where to go (`ways`: paths of this server, with what a button says)."""
    response = site.page(
        "error.html",
        http_status=status,
        status=status,
        title=title or _TITLES.get(status, "Refused"),
        ways=ways,
        message=message or "The request was refused.",
        what_to_do="Go back to the application you came from and begin again." if what_to_do is None else what_to_do,
        denial_id=denial_id,
    )
    response.headers.update(headers or {})
    return response
