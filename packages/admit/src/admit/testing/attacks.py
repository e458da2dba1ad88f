"""What anybody may send to a protected route, and how it has to answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from admit.testing.issuing import TestIssuer

_NOT_CHECKED = (
    "The token is not verified, or only decoded. Let admit.Verifier judge it, or put auth.require(...) on the route."
)


@dataclass(frozen=True, slots=True)
class Attack:
    """One request that has to be refused.

    Attributes:
        name: Short and stable, for `accepts`.
        sends: What it is, in words: "a token that ended an hour ago".
        status: Of the right answer.
        lesson: What is wrong where it gets through, and what to do.
        headers: Of the request.
        query: To be added to the address.
    """

    name: str
    sends: str
    status: int
    lesson: str
    headers: Sequence[tuple[str, str]] = field(default=(), repr=False)
    query: str = field(default="", repr=False)


def attacks(
    tokens: TestIssuer,
    *,
    subject: str = "alice",
    scopes: Sequence[str] = (),
    max_age: int | None = None,
    acr: str | None = None,
    claims: Mapping[str, Any] | None = None,
) -> Iterator[Attack]:
    """Return every attack on a route that asks for these things. Each token has all of them, and is bad for one reason alone.

    Args:
        tokens: The issuer that the application trusts.
        subject: Whose tokens they are.
        scopes: All that the route needs.
        max_age: How fresh a sign-in the route asks for, in seconds.
        acr: How strong a sign-in it asks for.
        claims: What else its tokens need to have.
    """
    fit = good_claims(tokens, max_age=max_age, acr=acr, claims=claims)
    good: dict[str, Any] = {"subject": subject, "scopes": list(scopes), "claims": fit}
    text = tokens.token(**good)
    yield Attack(
        "no token", "no token at all", 401, "Nothing asks for a token here. Put auth.require(...) on the route."
    )
    yield Attack(
        "another scheme",
        "user name and password instead of a token (Basic)",
        401,
        "Only the scheme Bearer (or DPoP) brings a token: compare the word before it.",
        [("Authorization", "Basic YWxpY2U6c2VjcmV0")],
    )
    yield Attack("an empty token", "the word Bearer and no token", 401, _NOT_CHECKED, [("Authorization", "Bearer")])
    yield Attack(
        "the token in the address",
        "a good token as ?access_token=, where logs and histories keep it",
        401,
        "Take tokens from the Authorization header alone (RFC 6750 section 5.3).",
        query=f"access_token={text}",
    )
    yield Attack(
        "two tokens",
        "two Authorization headers, of which each reader may take another one",
        400,
        "Refuse a request that brings its token more than once (RFC 6750 section 3.1).",
        [("Authorization", f"Bearer {text}"), ("Authorization", f"Bearer {text}")],
    )
    for name, sends, lesson in _BAD_TOKENS:
        method = getattr(tokens, name)
        headers = method() if name == "garbage" else method(**good)
        yield Attack(name.replace("_", " "), sends, 401, lesson, list(headers.items()))
    yield from _too_few_scopes(tokens, good)
    yield from _weak_sign_ins(tokens, good, max_age=max_age, acr=acr)


def good_claims(
    tokens: TestIssuer, *, max_age: int | None, acr: str | None, claims: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the claims of a token that has all that is asked for."""
    fit: dict[str, Any] = {} if max_age is None else {"auth_time": tokens.now()}
    return fit | ({} if acr is None else {"acr": acr}) | dict(claims or {})


_BAD_TOKENS = (
    ("garbage", "text that is no token", _NOT_CHECKED),
    ("tampered", "a token in which somebody changed the subject", _NOT_CHECKED),
    ("wrong_key", "a token that was signed with a key of the attacker's", _NOT_CHECKED),
    (
        "unknown_key",
        "a token that names a key which the issuer never published",
        "Take keys from the issuer's key set alone, and refuse where it has none of that name.",
    ),
    (
        "own_key",
        "a token that brings the key to check it with",
        "Never take a key from a token (RFC 8725 section 3.10): only from the issuer's key set.",
    ),
    (
        "alg_none",
        'a token without a signature (alg "none")',
        "The token chose its own algorithm. The key decides it: pin the algorithms, or let admit.Verifier do so (RFC 8725 section 3.1).",
    ),
    (
        "confused_algorithm",
        "a token whose secret is the public key (HS256)",
        "The token chose its own algorithm. The key decides it: pin the algorithms, or let admit.Verifier do so (RFC 8725 section 2.1).",
    ),
    (
        "unknown_critical",
        "a token that says it must be refused by who does not understand it (crit)",
        "Refuse tokens whose crit names something unknown (RFC 7515 section 4.1.11).",
    ),
    ("expired", "a token that ended an hour ago", "Check exp (RFC 7519 section 4.1.4)."),
    ("not_yet_valid", "a token that begins in an hour", "Check nbf (RFC 7519 section 4.1.5)."),
    (
        "wrong_audience",
        "a good token that was made for another API",
        "Check aud against the identifier of this API (RFC 8725 section 3.9): else whoever runs the other API can come in here.",
    ),
    (
        "wrong_issuer",
        "a token that names another issuer",
        "Compare iss with the issuer that you trust (RFC 8725 section 3.8).",
    ),
    (
        "id_token",
        "an ID token, which says who somebody is and opens nothing",
        'Check that typ is "at+jwt" (RFC 9068 section 4). An issuer older than that: accepts={"id token"}.',
    ),
    (
        "revoked",
        "a token whose session was ended by a sign-out",
        'The verifier goes without revocations. Take revocations=None away, or name what you accept: accepts={"revoked"}.',
    ),
    (
        "bound",
        "a token that is bound to a key, without that key: as a thief would send it",
        "Refuse tokens with cnf unless the caller proves the key (RFC 9449 section 7.2).",
    ),
)


def _too_few_scopes(tokens: TestIssuer, good: Mapping[str, Any]) -> Iterator[Attack]:
    asked: list[str] = good["scopes"]
    for scope in asked:
        others = [each for each in asked if each != scope]
        for given, sends in (
            (others, f"a good token without the scope {scope}"),
            ([*others, f"{scope}x"], f"a good token with the scope {scope}x instead of {scope}"),
            (
                [*others, scope[:-1]] if len(scope) > 1 else None,
                f"a good token with the scope {scope[:-1]} instead of {scope}",
            ),
        ):
            if given is not None and scope not in given:
                headers = tokens.bearer(**{**good, "scopes": given})
                lesson = f'Ask for it: auth.require("{scope}"). Compare whole scopes, never parts of the text.'
                yield Attack(f"without {scope}", sends, 403, lesson, list(headers.items()))


def _weak_sign_ins(
    tokens: TestIssuer, good: Mapping[str, Any], *, max_age: int | None, acr: str | None
) -> Iterator[Attack]:
    def with_claims(**changed: Any) -> list[tuple[str, str]]:
        claims = {name: value for name, value in (good["claims"] | changed).items() if value is not None}
        return list(tokens.bearer(**{**good, "claims": claims}).items())

    if max_age is not None:
        lesson = f"Ask for it: auth.require(..., max_age={max_age}) (RFC 9470)."
        old = with_claims(auth_time=tokens.now() - max_age - 3600)
        yield Attack("stale sign-in", f"a good token of a sign-in that is older than {max_age} s", 401, lesson, old)
        unknown = with_claims(auth_time=None)
        yield Attack("undated sign-in", "a good token that does not say when the sign-in was", 401, lesson, unknown)
    if acr is not None:
        lesson = f'Ask for it: auth.require(..., acr="{acr}") (RFC 9470).'
        for weak, sends in (
            ("0", "a good token of a weak sign-in"),
            (None, "a good token that does not say how strong the sign-in was"),
        ):
            yield Attack("weak sign-in", sends, 401, lesson, with_claims(acr=weak))
