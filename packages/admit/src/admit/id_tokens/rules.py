"""What an ID token has to pass once its signature, issuer, audience and times are good (OpenID Connect Core section 3.1.3.7)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from admit import jose
from admit.acr import reaches
from admit.errors import (
    IdentityMismatch,
    MalformedToken,
    NonceMismatch,
    StepUpRequired,
    TokenHashMismatch,
    WrongAudience,
    WrongType,
)
from admit.id_tokens.identity import Identity
from admit.jose import base64url

_LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class Asked:
    """What the application asked for, which the token has to answer. `before`: whom a refresh goes on with."""

    nonce: str | None
    access_token: str | None
    code: str | None = None
    max_age_s: int | None = None
    acr_values: tuple[str, ...] = ()
    before: Identity | None = None

    @classmethod
    def after(cls, before: Identity, access_token: str | None) -> Asked:
        """Return what a refresh asks for."""
        return cls(before.claims.get("nonce"), access_token, before=before)


def refuse_others(claims: Mapping[str, Any], *, client_id: str, audiences: frozenset[str]) -> None:
    """Refuse a token that is for somebody else too, was issued to somebody else, or is no ID token.

    Raises:
        WrongAudience, MalformedToken, WrongType: See there.
    """
    # Step 3: the token must be rejected "if it contains additional audiences not trusted by the Client".
    if others := [name for name in jose.audiences(claims) if name not in audiences]:
        raise WrongAudience(f"aud names {others[0]!r:.200} too, which is not among trusted_audiences")
    if "azp" in claims and claims["azp"] != client_id:
        raise WrongAudience(f"azp is {claims['azp']!r:.200}; the token was issued to another application")
    # Section 2: "It MUST NOT exceed 255 ASCII characters in length."
    if len(claims["sub"]) > _LONGEST_SUBJECT or not claims["sub"].isascii():
        raise MalformedToken(f"sub has more than {_LONGEST_SUBJECT} characters, or others than ASCII")
    # Back-Channel Logout 1.0 section 2.4: a logout token has `events`, and it is signed by the same keys.
    if "events" in claims:
        raise WrongType("this tells of an event, such as a sign-out; it is no ID token")


def refuse_weak_sign_in(claims: Mapping[str, Any], asked: Asked, *, now: float, leeway_s: float) -> None:
    """Refuse a sign-in that is weaker or older than was asked for (step 12 and 13).

    Raises:
        StepUpRequired: So that the application can ask again.
    """
    if asked.acr_values and not any(reaches(claims.get("acr"), wanted) for wanted in asked.acr_values):
        needed = ", ".join(asked.acr_values)
        raise StepUpRequired(
            f"acr is {claims.get('acr')!r:.200}; one of {needed} is needed", acr_values=asked.acr_values
        )
    if asked.max_age_s is None:
        return
    if "auth_time" not in claims:
        # Section 2: with max_age in the request, auth_time is required.
        raise StepUpRequired("the token does not say when the person signed in", max_age_s=asked.max_age_s)
    age_s = now - claims["auth_time"]
    if age_s > asked.max_age_s + leeway_s:
        raise StepUpRequired(f"signed in {age_s:.0f} s ago; {asked.max_age_s} s are allowed", max_age_s=asked.max_age_s)


def refuse_other_request(claims: Mapping[str, Any], asked: Asked, *, alg: str) -> None:
    """Refuse a token that answers another request, or came with another access token or code.

    Raises:
        NonceMismatch, TokenHashMismatch: See there.
    """
    found = claims.get("nonce")
    if asked.before is not None and found is None:
        pass  # section 12.2: after a refresh there should be none; if there is one, it is that of the sign-in
    elif asked.nonce is None:
        if found is not None:
            raise NonceMismatch("the token has a nonce, and none was sent")
    elif not isinstance(found, str) or not hmac.compare_digest(found.encode(), asked.nonce.encode()):
        # Step 11: it MUST be present, and the same as the one that was sent.
        raise NonceMismatch("the nonce is missing or not the one that was sent: the token answers another request")
    if asked.access_token is not None and "at_hash" in claims:
        _refuse_other_text("at_hash", claims, asked.access_token, alg=alg)
    if asked.code is not None:
        _refuse_other_text("c_hash", claims, asked.code, alg=alg)


def refuse_other_sign_in(claims: Mapping[str, Any], before: Identity) -> None:
    """Refuse a token that goes on with another sign-in than the one before it (section 12.2).

    Raises:
        IdentityMismatch: With what is different.
    """
    if claims["sub"] != before.subject or claims["iss"] != before.issuer:
        raise IdentityMismatch("the token is about another person than the one before it")
    if "auth_time" in claims and before.auth_time is not None and claims["auth_time"] != before.auth_time:
        raise IdentityMismatch("auth_time is that of another sign-in")
    if claims.get("azp") != before.claims.get("azp"):
        raise IdentityMismatch("azp is not that of the token before it")
    if claims["iat"] < before.issued_at:
        raise IdentityMismatch("the token was issued earlier than the one before it")


def _refuse_other_text(name: str, claims: Mapping[str, Any], text: str, *, alg: str) -> None:
    found, expected = claims.get(name), half_hash(text, alg=alg)
    if expected is None or not isinstance(found, str) or not hmac.compare_digest(found.encode(), expected.encode()):
        what = "access token" if name == "at_hash" else "code"
        raise TokenHashMismatch(f"{name} is missing or not that of the {what} that came with the token")


def half_hash(text: str, *, alg: str) -> str | None:
    """Return `at_hash` of an access token or `c_hash` of a code; None where no hash is agreed on for the algorithm.

    The left half of the hash that the signature of the ID token uses (OpenID Connect Core sections 3.1.3.6 and 3.3.2.11).
    For Ed25519 that is SHA-512 and for Ed448 SHAKE256 with 114 octets, as RFC 8032 has them.
    """
    data = text.encode("ascii", "replace")
    if alg == "Ed448":
        digest = hashlib.shake_256(data).digest(114)
    else:
        size = "512" if alg == "Ed25519" else alg.removesuffix("K")[-3:]
        if size not in ("256", "384", "512"):
            return None
        digest = hashlib.new(f"sha{size}", data).digest()
    return base64url.encode(digest[: len(digest) // 2])
