"""What a browser is asked: the JSON forms that `parseRequestOptionsFromJSON` and `parseCreationOptionsFromJSON` take (WebAuthn L3
sections 5.1.8 and 5.1.9)."""

from collections.abc import Iterable, Sequence
from typing import Any

from ..api import Subject
from .record import Record
from .responses import encoded

# "Recommended default value: 300000 milliseconds (5 minutes)" (section 15.1).
TIMEOUT_MS = 300_000
# EdDSA, ES256, RS256; `verification.ALGORITHMS` holds the same, as the library names them.
ALGORITHMS = (-8, -7, -257)


def request_options(
    *, challenge: bytes, rp_id: str, verification: str, allowed: Sequence[Record] = ()
) -> dict[str, Any]:
    """PublicKeyCredentialRequestOptionsJSON. Without `allowed` the browser looks for passkeys by itself."""
    options: dict[str, Any] = {
        "challenge": encoded(challenge),
        "rpId": rp_id,
        "timeout": TIMEOUT_MS,
        "userVerification": verification,
        "allowCredentials": [_descriptor(record) for record in allowed],
    }
    if hints := _hints(allowed):
        options["hints"] = hints
    return options


def creation_options(
    *,
    challenge: bytes,
    rp_id: str,
    rp_name: str,
    subject: Subject,
    verification: str,
    attestation: str,
    existing: Iterable[Record],
) -> dict[str, Any]:
    """PublicKeyCredentialCreationOptionsJSON."""
    return {
        "challenge": encoded(challenge),
        "rp": {"id": rp_id, "name": rp_name},
        # "The user handle MUST NOT contain PII": the id of a user says nothing about them.
        "user": {"id": encoded(subject.id.encode()), "name": subject.username, "displayName": subject.username},
        "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in ALGORITHMS],
        "timeout": TIMEOUT_MS,
        "excludeCredentials": [_descriptor(record) for record in existing],
        "authenticatorSelection": {
            "residentKey": "preferred",
            "requireResidentKey": False,
            "userVerification": verification,
        },
        "attestation": attestation,
        "extensions": {"credProps": True},
    }


def _descriptor(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "public-key", "id": record.id}
    # Section 5.8.3: transports are given back as they came, so that the browser knows where to look.
    if record.transports:
        found["transports"] = list(record.transports)
    return found


def _hints(allowed: Sequence[Record]) -> list[str]:
    """Where all passkeys of a person are of one kind, the browser may go straight to it (section 5.8.8)."""
    kinds = {_kind(record) for record in allowed}
    return [kinds.pop()] if len(kinds) == 1 and None not in kinds else []  # type: ignore[list-item]


def _kind(record: Record) -> str | None:
    if "internal" in record.transports:
        # It may be on this device or on a phone: only the browser knows.
        return None
    if {"usb", "nfc", "ble", "smart-card"} & set(record.transports):
        return "security-key"
    return "hybrid" if "hybrid" in record.transports else None
