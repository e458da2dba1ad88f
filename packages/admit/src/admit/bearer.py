"""Taking the token out of a request (RFC 6750 section 2.1, RFC 9449 section 7.1), the same for every framework."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from admit.checks import check
from admit.errors import InvalidRequest, MalformedToken, MissingToken

# RFC 6750 section 2.1: b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
# RFC 9449 section 7.1: the credentials of the scheme DPoP have the same syntax, token68.
_B64TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)

_LOOKS_LIKE_A_TOKEN = re.compile(r"eyJ|adm_")
_Refusal = TypeVar("_Refusal", MissingToken, InvalidRequest)

_SCHEMES = {"bearer": "Bearer", "dpop": "DPoP"}


def credentials_of(authorization: Sequence[str]) -> tuple[str, str]:
    """Return scheme ("Bearer" or "DPoP") and token among the values of the `Authorization` headers of one request.

    A token in the query or in a form is never looked at: addresses end up in logs and histories (RFC 6750 section 5.3).

    Raises:
        MissingToken: No such header, another scheme, or the scheme alone.
        InvalidRequest: Several such headers: which of them counts must not depend on who reads (RFC 6750 section 3.1).
        MalformedToken: Characters that no token has.
    """
    if not authorization:
        raise _without_token("the request has no Authorization header")
    if len(authorization) > 1:
        raise _explained(InvalidRequest("the request has several Authorization headers: send one"), "several headers")
    name, _, value = authorization[0].strip(" \t").partition(" ")
    scheme = _SCHEMES.get(name.lower())
    if scheme is None:
        # What stands there alone may be a secret, and is not repeated.
        if _LOOKS_LIKE_A_TOKEN.match(name):
            raise _without_token(
                "the Authorization header has a token and no scheme: write Bearer and a space before it"
            )
        raise _without_token("the Authorization header uses another scheme than Bearer or DPoP")
    token = value.strip(" ")
    if not token:
        raise _without_token(f"the Authorization header says {scheme} and brings no token")
    if not _B64TOKEN.fullmatch(token):
        raise MalformedToken(
            "the token has characters that no access token has, such as spaces or quotes: send it as it was issued, once"
        )
    return scheme, token


def _without_token(message: str) -> MissingToken:
    return _explained(MissingToken(message), message)


def _explained(error: _Refusal, found: str) -> _Refusal:
    wanted = "one Authorization header with the scheme Bearer or DPoP, and a token"
    error.checks = (check("credentials", wanted, found, passed=False),)
    return error
