"""How a token is shown: what it is, and whether it is good now."""

from typing import Any

from admit.principal import actors_of

from ..flows.admin import tokens
from ..flows.token_status import BadToken, GoodToken
from . import limits, output

REASONS = {
    "malformed_token": "it is no token of this server",
    "token_unknown": "this server does not know it",
    "token_expired": "its time is over",
    "token_revoked": "it was revoked, or its grant has ended",
    "session_ended": "its session has ended",
    "lease_ended": "its lease has ended: the app stopped renewing it",
}


def token_document(found: tokens.Inspected, *, issuer: str, username: str | None) -> dict[str, Any]:
    """Good access tokens as RFC 7662 has them; others with the code that says why not."""
    match found:
        case GoodToken():
            answer = found.response(issuer=issuer, username=username)
            return {**answer, "kind": "access_token", "format": found.format}
        case tokens.RefreshTokenFound(grant, True):
            document: dict[str, Any] = {"active": True, "kind": "refresh_token"}
        case tokens.RefreshTokenFound(grant, False):
            document = {"active": False, "code": "token_revoked", "kind": "refresh_token"}
        case BadToken(code, grant):
            document = {"active": False, "code": code, "kind": "access_token"}
    if grant is not None:
        document |= {"client_id": grant.client_id, "sub": grant.subject, "aud": grant.audience, "grant": grant.id}
    if username is not None:
        document["username"] = username
    return document


def token_lines(document: dict[str, Any]) -> list[tuple[str, str]]:
    """The same as lines for people."""
    lines: list[tuple[str, str]] = []
    for name, value in document.items():
        if name == "active":
            lines.append(("state", "good" if value else "not good"))
        elif name == "code":
            lines.append(("because", f"{REASONS.get(value, 'of its state')} ({value})"))
        elif name == "limits":
            lines += [(limits.word(limit), limits.shown(limit, entry)) for limit, entry in value.items()]
        elif name == "uses_left":
            lines.append(("uses left", "not counted" if value is None else str(value)))
        elif name == "parents":
            lines.append(("made from", " > ".join(parent["jti"] for parent in value)))
        elif name == "authorization_details":
            lines += [("transaction", " ".join(f"{key}={part}" for key, part in each.items())) for each in value]
        elif name == "act":
            lines.append(("acting", " for ".join(actors_of(value))))
        elif name in ("exp", "iat", "auth_time", "last_used_at", "lease_ends_at"):
            lines.append((name, output.when(value)))
        else:
            lines.append((name, " ".join(value) if isinstance(value, list) else str(value)))
    return lines
