"""What a browser sent, read strictly: the JSON forms of WebAuthn L3 section 5.1, and the client data in them.

The library reads base64url and JSON leniently; here there is one spelling of every byte, and no member twice.
"""

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# A TPM's attestation with its certificates is the longest of the usual ones, at about 8,000 characters.
LONGEST = 32_768
LONGEST_ID = 1023
TRANSPORTS = ("usb", "nfc", "ble", "smart-card", "hybrid", "internal")


class Unfit(ValueError):
    """A response that proves nothing; the message is for the audit log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A credential as a browser gives it. `members` are those of `response`, decoded where they are bytes."""

    credential_id: str
    client_data: bytes = field(repr=False)
    client: Mapping[str, Any] = field(repr=False)
    authenticator_data: bytes = field(default=b"", repr=False)
    signature: bytes = field(default=b"", repr=False)
    attestation_object: bytes = field(default=b"", repr=False)
    user_handle: bytes | None = None
    transports: tuple[str, ...] = ()
    platform: bool = False
    discoverable: bool | None = None


def encoded(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: object, what: str) -> bytes:
    """Bytes of base64url without padding, in the one spelling that they have.

    Raises:
        Unfit: Anything else.
    """
    if isinstance(text, str):
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            data = None
        # The comparison refuses padding and trailing bits, which the decoder lets pass.
        if data is not None and encoded(data) == text:
            return data
    raise Unfit(f"{what} is not base64url")


def credential_id(text: str) -> str | None:
    """The id that a response names, read without trust; None for none."""
    try:
        found = _object(text)
        name = found.get("id")
        return name if isinstance(name, str) and 0 < len(decoded(name, "id")) <= LONGEST_ID else None
    except Unfit:
        return None


def assertion(text: str) -> Response:
    """Read an AuthenticationResponseJSON.

    Raises:
        Unfit: It is not one.
    """
    found, inner = _credential(text)
    handle = inner.get("userHandle")
    return Response(
        credential_id=found["id"],
        client_data=(client_data := decoded(inner.get("clientDataJSON"), "clientDataJSON")),
        client=_client(client_data),
        authenticator_data=decoded(inner.get("authenticatorData"), "authenticatorData"),
        signature=decoded(inner.get("signature"), "signature"),
        user_handle=decoded(handle, "userHandle") if handle is not None else None,
    )


def attestation(text: str) -> Response:
    """Read a RegistrationResponseJSON.

    Raises:
        Unfit: It is not one.
    """
    found, inner = _credential(text)
    transports = inner.get("transports")
    # Section 5.8.4 lets clients make up new ones: those that we don't know are left out.
    known = tuple(t for t in TRANSPORTS if isinstance(transports, list) and t in transports)
    return Response(
        credential_id=found["id"],
        client_data=(client_data := decoded(inner.get("clientDataJSON"), "clientDataJSON")),
        client=_client(client_data),
        attestation_object=decoded(inner.get("attestationObject"), "attestationObject"),
        transports=known,
        platform=found.get("authenticatorAttachment") == "platform",
        discoverable=_discoverable(found.get("clientExtensionResults")),
    )


def check_client_data(
    client: Mapping[str, Any],
    *,
    type: Literal["webauthn.get", "webauthn.create"],
    challenge: bytes,
    origins: Collection[str],
) -> None:
    """Sections 7.1 steps 7 to 11 and 7.2 steps 10 to 14: what was done, for which challenge, and where.

    Raises:
        Unfit: One of them does not hold.
    """
    if client.get("type") != type:
        raise Unfit(f"client data type is not {type}")
    if client.get("challenge") != encoded(challenge):
        raise Unfit("the challenge is not the one that was sent")
    if (origin := client.get("origin")) not in origins:
        raise Unfit(f"origin {str(origin)[:100]!r} is not expected")
    # Our pages can't be framed, so nobody may have acted within a frame of somebody else's page.
    if client.get("crossOrigin", False) is not False:
        raise Unfit("made within a frame of another origin (crossOrigin)")
    if "topOrigin" in client:
        raise Unfit(f"made within a frame of {str(client['topOrigin'])[:100]!r} (topOrigin)")


def _credential(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    found = _object(text)
    inner = found.get("response")
    if not isinstance(inner, dict):
        raise Unfit("no response in the credential")
    if found.get("type") != "public-key":
        raise Unfit("credential type is not public-key")
    if found.get("id") != found.get("rawId"):
        raise Unfit("id and rawId differ")
    if not 0 < len(decoded(found.get("id"), "id")) <= LONGEST_ID:
        raise Unfit(f"the credential id is longer than {LONGEST_ID} bytes, or empty")
    return found, inner


def _object(text: str | bytes) -> dict[str, Any]:
    if len(text) > LONGEST:
        raise Unfit("the response is too long")
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise Unfit("the response is not JSON") from None
    if not isinstance(found, dict):
        raise Unfit("the response is not a JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member twice")
    return found


def _client(data: bytes) -> dict[str, Any]:
    try:
        # "any leading byte order mark (BOM) must be stripped" (section 7.2 step 8)
        return _object(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Unfit("clientDataJSON is not UTF-8") from None


def _discoverable(results: object) -> bool | None:
    """The credProps extension's word (section 10.1.3); it is unsigned, and only helps to word the page."""
    properties = results.get("credProps") if isinstance(results, dict) else None
    resident = properties.get("rk") if isinstance(properties, dict) else None
    return resident if isinstance(resident, bool) else None
