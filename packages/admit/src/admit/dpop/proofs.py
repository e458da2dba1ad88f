"""Checking a DPoP proof: one rule, one function, in the order of RFC 9449 section 4.3."""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from admit import jose
from admit.dpop.addresses import normalised
from admit.dpop.nonces import Nonces
from admit.dpop.values import InvalidProof, NonceWanted, Proven, Request
from admit.jose import Jwk, base64url

# RFC 9449 section 4.2: alg "MUST NOT be none or an identifier for a symmetric algorithm".
ALGORITHMS: Final = (
    "ES256",
    "RS256",
)  # told to everybody in challenges and metadata; clients make their keys for this alone
TYPE: Final = "dpop+jwt"
# RFC 9449 section 11.1: accepted "for a relatively brief period (on the order of seconds or minutes)".
LASTS_S: Final = 60
_END_OF_TIME = 2**53
_LONGEST = 8192
_LONGEST_JTI = 256
# RFC 7517 section 9.3, RFC 7518 section 6: members that only a private or symmetric key has.
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
# An RSA key of 4,096 bits, and an exponent of 64: what is larger costs whoever checks more than whoever sends it.
_LONGEST_MODULUS, _LONGEST_EXPONENT = 683, 11


def check(
    values: Sequence[str],
    request: Request,
    *,
    now: float,
    leeway_s: int = 30,
    algorithms: Collection[str] = ALGORITHMS,
    nonces: Nonces | None = None,
    nonce_needed: bool = False,
) -> Proven:
    """Check the proof of one request. Whether it was shown before is the caller's to find out, by `Proven.digest`.

    Args:
        values: All values of the header `DPoP`.
        request: What it has to be about.
        now: Seconds since 1970.
        leeway_s: How far clocks may differ.
        algorithms: Those that are accepted.
        nonces: Where nonces are given out: a proof with a good one is judged by its time, not by the client's clock.
        nonce_needed: A proof without one is refused.

    Raises:
        NonceWanted: A nonce is needed, or the one in the proof is not good.
        InvalidProof: The proof breaks a rule.
    """
    text = single(values)
    parsed = well_formed(text)
    right_type(parsed.header)
    key = public_key(parsed.header, algorithms)
    claims = signed_claims(parsed, key)
    claimed(claims)
    for_method(claims, request.method)
    for_address(claims, request.url)
    good_until, next_nonce = in_time(claims, now=now, leeway_s=leeway_s, nonces=nonces, nonce_needed=nonce_needed)
    jkt = key.thumbprint()
    if request.access_token is not None:
        for_token(claims, request.access_token)
    if request.jkt is not None:
        by_bound_key(jkt, request.jkt)
    return Proven(jkt, digest_of(claims, jkt=jkt, url=request.url), good_until, next_nonce)


def single(values: Sequence[str]) -> str:
    """Section 4.3 rule 1: there is not more than one DPoP header field."""
    if len(values) != 1:
        raise InvalidProof("one proof", expected="one header DPoP", found=str(len(values)) if values else "none")
    return values[0].strip(" \t")


def well_formed(text: str) -> jose.Unverified:
    """Section 4.3 rule 2: the header's value is a single and well-formed JWT."""
    if len(text) > _LONGEST:
        raise InvalidProof("form of the proof", expected=f"at most {_LONGEST} characters", found=f"{len(text)}")
    try:
        return jose.parse(text, objects=("jwk",))
    except jose.JoseError as error:
        raise InvalidProof("form of the proof", expected="a signed JWT", found=str(error)) from None


def right_type(header: jose.Header) -> None:
    """Section 4.3 rule 4: the `typ` header parameter has the value dpop+jwt."""
    if header.typ != TYPE:
        raise InvalidProof("type of the proof", expected=TYPE, found=_shown(header.typ))


def public_key(header: jose.Header, algorithms: Collection[str]) -> Jwk:
    """Section 4.3 rules 5 and 7: an asymmetric algorithm that is accepted here, and a `jwk` without any private part."""
    if header.alg not in algorithms or header.alg not in ALGORITHMS:
        raise InvalidProof("algorithm of the proof", expected=" or ".join(algorithms), found=_shown(header.alg))
    jwk = header.members.get("jwk")
    expected = "a public key of that algorithm, in jwk"
    if not isinstance(jwk, dict):
        raise InvalidProof("key of the proof", expected=expected, found="none")
    if private := _PRIVATE & jwk.keys():
        raise InvalidProof(
            "key of the proof", expected=expected, found=f"private members: {', '.join(sorted(private))}"
        )
    if _too_large(jwk):
        raise InvalidProof("key of the proof", expected="RSA of at most 4096 bits", found="a larger one")
    try:
        return Jwk.parse({"alg": header.alg} | jwk)
    except jose.InvalidKey as error:
        raise InvalidProof("key of the proof", expected=expected, found=str(error)) from None


def signed_claims(parsed: jose.Unverified, key: Jwk) -> Mapping[str, Any]:
    """Section 4.3 rule 6: the signature verifies with the public key in the `jwk` header parameter."""
    try:
        return jose.verify(parsed, key, algorithms=ALGORITHMS, types=(TYPE,)).claims
    except jose.JoseError as error:
        raise InvalidProof("signature of the proof", expected="made by its own key", found=str(error)) from None


def claimed(claims: Mapping[str, Any]) -> None:
    """Section 4.3 rule 3: all claims that section 4.2 requires are there, each of its type."""
    for name in ("jti", "htm", "htu"):
        value = claims.get(name)
        if not isinstance(value, str) or not value:
            raise InvalidProof("claims of the proof", expected=f"{name} as text", found=_shown(value))
    if len(claims["jti"]) > _LONGEST_JTI:
        raise InvalidProof(
            "claims of the proof", expected=f"jti of at most {_LONGEST_JTI} characters", found="a longer one"
        )
    for name in ("nonce", "ath"):
        if name in claims and not isinstance(claims[name], str):
            raise InvalidProof("claims of the proof", expected=f"{name} as text", found=_shown(claims[name]))
    iat = claims.get("iat")
    if isinstance(iat, bool) or not isinstance(iat, int | float) or not 0 <= iat < _END_OF_TIME:
        raise InvalidProof("claims of the proof", expected="iat as seconds since 1970", found=_shown(iat))


def for_method(claims: Mapping[str, Any], method: str) -> None:
    """Section 4.3 rule 8: `htm` matches the method of the request. Methods are case-sensitive (RFC 9110 section 9.1)."""
    if claims["htm"] != method:
        raise InvalidProof("method (htm)", expected=method, found=_shown(claims["htm"]))


def for_address(claims: Mapping[str, Any], url: str) -> None:
    """Section 4.3 rule 9: `htu` matches the address of the request, without query and fragment."""
    try:
        here = normalised(url)
    except ValueError as error:  # the caller chose its path
        raise InvalidProof("address of the request", expected="one that can be compared", found=str(error)) from None
    try:
        if normalised(claims["htu"]) == here:
            return
    except ValueError as error:
        raise InvalidProof("address (htu)", expected=here, found=str(error)) from None
    raise InvalidProof("address (htu)", expected=here, found=_shown(claims["htu"]))


def in_time(
    claims: Mapping[str, Any], *, now: float, leeway_s: int, nonces: Nonces | None, nonce_needed: bool
) -> tuple[int, str | None]:
    """Section 4.3 rules 10 and 11: the nonce is one of this server's, and the proof was made just now.

    The time is that of a good nonce, or else `iat`. Returns until when the proof is good, and a nonce for the next one.
    """
    nonce = claims.get("nonce")
    if nonces is not None and (nonce is not None or nonce_needed):
        left_s = nonces.left_s(nonce, now) if nonce is not None else None
        if left_s is None:
            raise NonceWanted("nonce", expected="one that was given here a moment ago", found=_shown(nonce))
        return math.ceil(now + left_s), nonces.new(now) if left_s < nonces.lasts_s / 2 else None
    iat = claims["iat"]
    if not now - LASTS_S - leeway_s <= iat <= now + leeway_s:
        kind = NonceWanted if nonces is not None else InvalidProof
        expected = f"at most {LASTS_S} s ago, give or take {leeway_s} s"
        raise kind("time of the proof (iat)", expected=expected, found=f"{now - iat:.0f} s ago")
    return math.ceil(iat + LASTS_S + leeway_s), None


def for_token(claims: Mapping[str, Any], access_token: str) -> None:
    """Section 4.3 rule 12: `ath` equals the hash of the access token that the proof comes with."""
    if not hmac.compare_digest(claims.get("ath", "").encode(), access_token_hash(access_token).encode()):
        raise InvalidProof(
            "token of the proof (ath)", expected="the hash of the access token", found="another, or none"
        )


def by_bound_key(jkt: str, bound_to: str) -> None:
    """Section 4.3 rule 12: the key of the proof is the one that the access token is bound to."""
    if jkt != bound_to:
        raise InvalidProof("key that the token is bound to", expected=bound_to, found=jkt)


def access_token_hash(access_token: str) -> str:
    """Return `ath`: base64url of SHA-256 of the token's ASCII text (section 4.2)."""
    return base64url.encode(hashlib.sha256(access_token.encode("utf-8")).digest())


def digest_of(claims: Mapping[str, Any], *, jkt: str, url: str) -> bytes:
    """Return what stands for this proof in a memory of proofs: `jti` in the context of its key and address (section 11.1)."""
    return hashlib.sha256("\n".join((jkt, normalised(url), claims["jti"])).encode("utf-8")).digest()


def _too_large(jwk: Mapping[str, Any]) -> bool:
    n, e = jwk.get("n", ""), jwk.get("e", "")
    return isinstance(n, str) and isinstance(e, str) and (len(n) > _LONGEST_MODULUS or len(e) > _LONGEST_EXPONENT)


def _shown(value: object) -> str:
    return "none" if value is None else repr(value)[:100]
