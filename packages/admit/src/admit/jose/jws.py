"""Compact JWS: sign, take apart, verify (RFC 7515).

Parsed and signed are different types: `Unverified` offers a header to find the key by, and only `verify` turns it into
`Signed`, whose claims may be believed.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from admit.jose import base64url, strict_json
from admit.jose.algorithms import SIGNING, current_name
from admit.jose.errors import AlgorithmNotAllowed, BadSignature, Malformed, UnknownCritical, WrongType
from admit.jose.jwk import Jwk
from admit.jose.jwks import Jwks

MAX_TOKEN_CHARS = 16_384
"""Of a signed token; longer ones are refused before anything is read."""
_MAX_HEADER_CHARS = 4_096
# RFC 7515 section 4.1.11: "crit" names extensions only, never a parameter that the specification itself defines.
_REGISTERED = frozenset({"alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit"})
# Sections 4.1.2 to 4.1.10: texts. What the addresses and thumbprints among them say is never looked at.
_TEXTS = ("kid", "typ", "cty", "jku", "x5u", "x5t", "x5t#S256")


@dataclass(frozen=True, slots=True)
class Header:
    """A protected header that has passed every check which needs no key.

    Attributes:
        alg: As claimed, by today's name ("Ed25519" for "EdDSA"); a key has to agree.
        kid: Name of the key, or None.
        typ: Media type in lower case without "application/", or None (RFC 7515 section 4.1.9).
        critical: Names in `crit`.
        members: The whole header.
    """

    alg: str
    kid: str | None
    typ: str | None
    critical: frozenset[str]
    members: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unverified:
    """A token taken apart. Nothing in it may be believed."""

    header: Header
    signing_input: bytes
    payload: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Signed:
    """Header and claims whose signature was good. Times, issuer and audience are not judged yet: see `check_claims`."""

    header: Header
    claims: dict[str, Any]
    key: Jwk


def sign(payload: Mapping[str, Any], key: Jwk, *, typ: str | None, critical: Mapping[str, Any] | None = None) -> str:
    """Return a compact JWS over the JSON of `payload`.

    Args:
        payload: The claims. Must be JSON without NaN or infinities.
        key: Decides the algorithm; its `kid` goes into the header.
        typ: "at+jwt" for access tokens (RFC 9068 section 2.1), "JWT" for ID tokens, None for none.
        critical: Header members that a verifier must understand or refuse; their names become `crit`.

    Raises:
        InvalidKey: The key is public.
        ValueError: The payload is not JSON.

    Spec: RFC 7515 section 5.1.
    """
    return sign_bytes(_json(payload), key, header_text=header_text(key, typ=typ, critical=critical))


def header_text(key: Jwk, *, typ: str | None, critical: Mapping[str, Any] | None = None) -> str:
    """Return the protected header as it stands in a token. The arguments are those of `sign`."""
    header: dict[str, Any] = {"alg": key.alg}
    if typ is not None:
        header["typ"] = typ
    if key.kid is not None:
        header["kid"] = key.kid
    if critical:
        header |= critical
        header["crit"] = sorted(critical)
    return base64url.encode(_json(header))


def sign_bytes(payload: bytes, key: Jwk, *, header_text: str) -> str:
    """Return a compact JWS over the very bytes of a payload, which are JSON already.

    Raises:
        InvalidKey: The key is public.
    """
    signing_input = f"{header_text}.{base64url.encode(payload)}"
    return f"{signing_input}.{base64url.encode(key.sign(signing_input.encode('ascii')))}"


def parse(token: str, *, objects: Collection[str] = ()) -> Unverified:
    """Take a compact JWS apart and police its header, without a key.

    Args:
        token: The text.
        objects: Header members that may be JSON objects: "jwk" of a proof that brings its own key (RFC 9449 section 4.2).

    Raises:
        AlgorithmNotAllowed: An algorithm without a row in the table, `none` included.
        Malformed: Not three base64url parts, too large, or a header that breaks a rule: a member twice, a nested
            object (so a `jwk` is refused; `jku`, `x5u` and `x5c` are never looked at), wrong types.

    Spec: RFC 7515 sections 4 and 5.2.
    """
    if len(token) > MAX_TOKEN_CHARS:
        raise Malformed(f"the token has more than {MAX_TOKEN_CHARS} characters")
    parts = token.split(".")
    if len(parts) != 3:
        raise Malformed(f"a signed token has three parts separated by dots; this has {len(parts)}")
    head, payload, signature = parts
    if len(head) > _MAX_HEADER_CHARS:
        raise Malformed(f"the header has more than {_MAX_HEADER_CHARS} characters")
    members = strict_json.parse_object(base64url.decode(head), what="header", unique=True)
    raw_signature = base64url.decode(signature)  # also proves that the text is ASCII
    raw_payload = base64url.decode(payload)
    return Unverified(_police(members, objects), f"{head}.{payload}".encode("ascii"), raw_payload, raw_signature)


def verify(
    token: str | Unverified,
    keys: Jwk | Jwks,
    *,
    algorithms: Collection[str] | None = None,
    types: Collection[str | None],
    understood: Collection[str] = (),
) -> Signed:
    """Check signature, algorithm and type of a token and return what it says.

    Args:
        token: Compact JWS, or the result of `parse`.
        keys: Where the key may come from; nothing in the token adds to them.
        algorithms: Names that are allowed. None: whatever the keys are for.
        types: Values of `typ` that are allowed, in lower case without "application/"; None among them allows a token
            without `typ`.
        understood: Names that may stand in `crit` because the caller enforces them.

    Raises:
        Malformed, AlgorithmNotAllowed, UnknownKey, UnknownCritical, WrongType, BadSignature: See there.

    Spec: RFC 7515 section 5.2, RFC 8725 sections 3.1, 3.2 and 3.11.
    """
    parsed = parse(token) if isinstance(token, str) else token
    header = parsed.header
    key = keys if isinstance(keys, Jwk) else keys.find(kid=header.kid, alg=header.alg)
    # RFC 8725 section 3.1: "each key MUST be used with exactly one algorithm".
    if header.alg != key.alg:
        raise AlgorithmNotAllowed(f"the token says {header.alg[:32]!r}; its key is for {key.alg!r}")
    if algorithms is not None and header.alg not in algorithms:
        raise AlgorithmNotAllowed(f"the token says {header.alg!r}; algorithms allows {', '.join(sorted(algorithms))}")
    if unknown := header.critical.difference(understood):
        raise UnknownCritical(f"crit names {sorted(unknown)}, which is not understood here", names=unknown)
    if header.typ not in types:
        accepted = " or ".join(sorted(repr(each) if each is not None else "no typ at all" for each in types))
        raise WrongType(
            f"the header says typ {header.typ!r}, and {accepted} is taken here{_perhaps(header.typ, types)}"
        )
    if not key.verify(parsed.signature, parsed.signing_input):
        raise BadSignature("the signature does not belong to this token and key")
    claims = strict_json.parse_object(parsed.payload, what="payload", unique=False)
    return Signed(header, claims, key)


def _police(members: dict[str, Any], objects: Collection[str]) -> Header:
    if any(isinstance(value, dict) and name not in objects for name, value in members.items()):
        raise Malformed("the header holds a nested object")
    alg, kid, typ = members.get("alg"), members.get("kid"), members.get("typ")
    if not isinstance(alg, str):
        raise Malformed("the header has no alg")
    alg = current_name(alg)
    if alg not in SIGNING:  # `none` is one of the names that do not exist here
        raise AlgorithmNotAllowed(f"the header names the algorithm {alg[:32]!r}, which does not exist here")
    # RFC 7797 section 7: a JWT never uses b64=false. Whoever ignored it would read another payload than whoever did not.
    if members.get("b64", True) is not True:
        raise Malformed("b64 is not for JWTs")
    for name in _TEXTS:
        if name in members and not isinstance(members[name], str):
            raise Malformed(f"{name} must be text")
    return Header(alg, kid, None if typ is None else _media_type(typ), _critical(members), members)


def _perhaps(typ: str | None, types: Collection[str | None]) -> str:
    """A likely reason: most tokens of the wrong type are ID tokens, or of an issuer that is older than RFC 9068."""
    if typ not in (None, "jwt") or "at+jwt" not in types:
        return ""
    return ": is this an ID token, or one of an issuer older than RFC 9068?"


def _media_type(typ: str) -> str:
    # RFC 7515 section 4.1.9: the prefix may be left out "when no other '/' appears"; RFC 2045: case does not matter.
    lowered = typ.lower()
    short = lowered.removeprefix("application/")
    return lowered if "/" in short else short


def _critical(members: dict[str, Any]) -> frozenset[str]:
    if "crit" not in members:
        return frozenset()
    names = members["crit"]
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise Malformed("crit must be a list of names, and not empty")
    if len(set(names)) != len(names) or not set(names) <= members.keys() or _REGISTERED & set(names):
        raise Malformed("crit must name extension members of this header, each once")
    return frozenset(names)


def json_text(value: Mapping[str, Any]) -> str:
    """Return JSON without white space, or raise ValueError for NaN and infinities, TypeError for what JSON does not know."""
    return _ENCODER.encode(dict(value))


def _json(value: Mapping[str, Any]) -> bytes:
    return json_text(value).encode("utf-8")


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
