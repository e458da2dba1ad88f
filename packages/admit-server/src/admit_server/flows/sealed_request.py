"""A sign-in in progress is carried by the browser, sealed: nothing is stored for a stranger, and a restart loses nothing.

The envelope is bound to one browser (a random id in a cookie) and to one purpose, and carries its own end.
"""

import base64
import binascii
import json
from dataclasses import asdict
from typing import Any

from ..domain.authorization_request import AuthorizationRequest
from ..domain.errors import InvalidRequest
from ..domain.transaction import Transaction
from ..tokens.envelope import NotSealedHere
from .runtime import Runtime

LASTS_S = 3600
STALE = "This sign-in page is too old, or was opened in another browser. Go back to the application and begin again."


def seal(value: dict[str, Any], *, purpose: str, browser: str, rt: Runtime, now: int, lasts_s: int = LASTS_S) -> str:
    """Seal a JSON value for one browser and purpose."""
    # As UTF-8: the escapes of JSON would make a long `state` too long for an address.
    content = {"v": value, "until": now + lasts_s}
    plaintext = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    sealed = rt.vault.seal(plaintext, place=f"{purpose}/{browser}", nonce=rt.entropy(12))
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def unseal(text: str, *, purpose: str, browser: str, rt: Runtime, now: int) -> dict[str, Any]:
    """Open what `seal` made.

    Raises:
        InvalidRequest: Changed, of another browser or purpose, or too old.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        content = json.loads(rt.vault.open(raw, place=f"{purpose}/{browser}"))
    except (binascii.Error, ValueError, NotSealedHere) as error:
        raise InvalidRequest(STALE, detail=f"sealed request refused: {error}", advice=STALE) from None
    if now >= content["until"]:
        raise InvalidRequest(STALE, detail=f"sealed request ended {now - content['until']} s ago", advice=STALE)
    value: dict[str, Any] = content["v"]
    return value


def seal_request(request: AuthorizationRequest, *, browser: str, rt: Runtime, now: int) -> str:
    """Seal an authorization request that passed every rule."""
    value = asdict(request) | {"scopes": sorted(request.scopes), "prompt": sorted(request.prompt)}
    value["transaction"] = request.transaction.as_dict() if request.transaction else None
    return seal(value, purpose="authorization-request", browser=browser, rt=rt, now=now)


def unseal_request(text: str, *, browser: str, rt: Runtime, now: int) -> AuthorizationRequest:
    """Open a request sealed by `seal_request`.

    Raises:
        InvalidRequest: As `unseal`.
    """
    value = unseal(text, purpose="authorization-request", browser=browser, rt=rt, now=now)
    read: dict[str, Any] = {"scopes": frozenset(value["scopes"]), "prompt": frozenset(value["prompt"])}
    read["acr_values"] = tuple(value["acr_values"])
    if value["transaction"] is not None:
        read["transaction"] = Transaction.from_dict(value["transaction"])
    return AuthorizationRequest(**value | read)
