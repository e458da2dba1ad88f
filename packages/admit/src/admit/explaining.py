"""Which checks a refused token passed, and which it failed. Works only when a token was refused: a good one costs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from admit import jose
from admit.checks import Check, check, moment
from admit.errors import LimitExceeded, StepUpRequired, TokenRejected
from admit.expect import Expect
from admit.jose import strict_json
from admit.opaque import PREFIX

_OF_BINDING = {
    "invalid_dpop_proof", "use_dpop_nonce", "token_bound", "token_not_bound", "certificate_mismatch", "binding_not_enforceable",
}  # fmt: skip
_OF_ENCRYPTION = {"decryption_failed", "encryption_required"}
_Step = tuple[str, bool, object, object]


def explained(
    token: object, refusal: TokenRejected | StepUpRequired, *, expect: Expect, now: float
) -> tuple[tuple[Check, ...], Mapping[str, Any] | None]:
    """Return the checks of a refused token, and its claims if its signature was good.

    Nothing is verified anew: the class of the refusal says where it failed, and what stands before that was passed.
    """
    if not isinstance(token, str) or token.startswith(PREFIX):
        return _of_opaque(refusal), None
    if refusal.code in _OF_ENCRYPTION:
        return (
            check("encryption", "a signed token, encrypted to a key of this verifier", refusal, passed=False),
        ), None
    try:
        parsed = jose.parse(token)
    except jose.JoseError as error:
        name = "algorithm" if isinstance(error, jose.AlgorithmNotAllowed) else "form of the token"
        rule = "one that exists here" if name == "algorithm" else "a signed JWT in three parts, whole and unchanged"
        return (check(name, rule, error, passed=False),), None
    claims = _claims_of(parsed)
    checks: list[Check] = []
    before_signature = True
    for name, failed, expected, found in _steps(parsed.header, claims, refusal, expect=expect, now=now):
        checks.append(check(name, expected, refusal if failed and found is None else found, passed=not failed))
        if failed:
            break
        before_signature = before_signature and name != "signature"
    if checks[-1].passed:
        checks.append(check(refusal.code, "to pass", refusal, passed=False))
    return tuple(checks), None if before_signature else claims


def _steps(
    header: jose.Header,
    claims: Mapping[str, Any],
    refusal: TokenRejected | StepUpRequired,
    *,
    expect: Expect,
    now: float,
) -> Iterator[_Step]:
    code = refusal.code
    critical = code == "malformed_token" and str(refusal).startswith("crit names")
    yield "form of the token", False, "a signed JWT in three parts", "that"
    yield "key", code == "unknown_key", "one that the issuer publishes", header.kid
    yield "algorithm", code == "algorithm_not_allowed", expect.algorithms or "that of the key", header.alg
    yield "critical header members", critical, "only those that are understood here: limits", header.critical
    yield "type", code == "wrong_type", [each or "(none)" for each in expect.types], header.typ
    yield (
        "signature",
        code == "bad_signature",
        "made by that key over this text",
        None if code == "bad_signature" else "so",
    )
    wrong_claims = code == "malformed_token" and not critical
    yield "claims", wrong_claims, "all that a token has, each of its type", None if wrong_claims else sorted(claims)
    yield "issuer", code == "wrong_issuer", expect.issuer, claims.get("iss")
    yield "audience", code == "wrong_audience", expect.audience, claims.get("aud")
    leeway = f"{moment(now)}, with {expect.leeway_s} s of leeway"
    yield "end", code == "token_expired", f"later than {leeway}", moment(claims.get("exp"))
    begins = [f"{name} {moment(claims[name])}" for name in ("nbf", "iat") if name in claims]
    yield "beginning", code == "token_not_yet_valid", f"by {leeway}", ", ".join(begins) or None
    limited = isinstance(refusal, LimitExceeded) or code == "limits_not_enforceable"
    if limited or "limits" in claims:
        yield "limits", limited, "all of them are kept", None if limited else "so"
    yield (
        "revocation",
        code == "token_revoked",
        "neither token, grant nor session has ended",
        (None if code == "token_revoked" else "so"),
    )
    if code == "step_up_required":
        yield "age of the sign-in", True, "as fresh as the token's limits ask", None
    if code in _OF_BINDING or "cnf" in claims:
        yield (
            "key or certificate",
            code in _OF_BINDING,
            "shown by whom it is bound to",
            None if code in _OF_BINDING else "so",
        )


def _of_opaque(refusal: TokenRejected | StepUpRequired) -> tuple[Check, ...]:
    form = "an opaque access token with a good checksum"
    if refusal.code == "malformed_token":
        return (check("form of the token", form, refusal, passed=False),)
    passed = check("form of the token", form, "that", passed=True)
    if refusal.code == "introspection_not_configured":
        return passed, check("credentials to ask the server", "client_id and client_secret", None, passed=False)
    return passed, check("word of the server", "active, for this resource", refusal, passed=False)


def _claims_of(parsed: jose.Unverified) -> Mapping[str, Any]:
    try:
        return strict_json.parse_object(parsed.payload, what="payload", unique=False)
    except jose.JoseError:
        return {}
