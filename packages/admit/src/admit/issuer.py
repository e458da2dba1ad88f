"""Mint JWTs with a local key: one service and its secret, or tests. An organisation runs the server instead."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from json.encoder import encode_basestring as text
from typing import Any

from admit.expect import ACCESS_TOKEN_TYPE
from admit.jose import Jwk, Jwks
from admit.jose.accelerators import json_encoder
from admit.jose.base64url import encode
from admit.jose.jws import header_text, json_text

_FOR_EVER_S = 2**53  # the last whole number that every JSON reader has (RFC 8259 section 6)
_PLAIN = frozenset({str, int, bool})
_OWN_CLAIMS = frozenset({"iss", "sub", "aud", "iat", "exp", "jti", "client_id", "scope"})


class Issuer:
    """Mints access tokens in the form of RFC 9068, with every claim that it requires."""

    def __init__(
        self,
        *,
        issuer: str,
        key: bytes | Jwk,
        clock: Callable[[], float] = time.time,
        entropy: Callable[[int], bytes] | None = None,
    ) -> None:
        """
        Args:
            issuer: Goes into `iss`; the `Verifier` expects the same text.
            key: 32 random bytes or more for HS256, or a private `Jwk`.
            clock: Seconds since 1970.
            entropy: Returns that many random bytes; the system's by default.

        Raises:
            ValueError: No issuer, or a key that is too short or public.
        """
        if not isinstance(issuer, str) or not issuer:
            raise ValueError(f"issuer must be text, and not empty; got {issuer!r}")
        self._key = Jwk.from_secret(key) if not isinstance(key, Jwk) else key
        if not self._key.can_sign:
            raise ValueError("issuing needs a private key; this one is public")
        self._issuer_text = text(issuer)
        self._header = f"{header_text(self._key, typ=ACCESS_TOKEN_TYPE)}."
        self._sign = self._key.signer
        self._fast_json = json_encoder()
        self._clock = clock
        self._entropy = entropy or os.urandom

    @property
    def jwks(self) -> Jwks:
        """The keys a verifier needs, without private parts. Empty for a secret: that is handed over by hand."""
        return Jwks([]) if self._key.symmetric else Jwks([self._key.public()])

    def issue(
        self,
        *,
        subject: str,
        audience: str | Sequence[str],
        scopes: Iterable[str] = (),
        lifetime_s: int = 900,
        client_id: str | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        """Return a signed token.

        Args:
            subject: The user's stable id.
            audience: The resource the token is for, or several.
            scopes: What it may do.
            lifetime_s: It ends by itself after this long; 1 or more.
            client_id: The application it is for. RFC 9068 section 2.2 demands one; None names the issuer itself.
            claims: More claims, such as `sid` or `auth_time`. They cannot replace those above.

        Raises:
            ValueError: A lifetime under one second, an empty subject or audience, scopes with white space in them, or
                claims that are set otherwise.
        """
        audiences = [audience] if isinstance(audience, str) else list(audience or ())
        if not isinstance(subject, str) or not subject or not audiences or not all(audiences):
            raise ValueError(f"subject and audience must be text, and not empty; got {subject!r} and {audience!r}")
        if type(lifetime_s) is not int or lifetime_s < 1:
            _police_lifetime(lifetime_s)
        scope_list = [scopes] if isinstance(scopes, str) else list(scopes)
        scope = " ".join(scope_list)
        if scope.split() != scope_list:
            raise ValueError("pass scopes as a list; no scope has white space in it")
        now = int(self._clock())
        # Put together by hand: nearly all of it is text, and a general encoder would look at each value's type.
        client = text(client_id) if client_id else self._issuer_text
        jti = encode(self._entropy(16))
        payload = (
            f'{{"iss":{self._issuer_text},"sub":{text(subject)},"aud":{_list_or_one(audiences)},"iat":{now},'
            f'"exp":{now + lifetime_s},"jti":"{jti}","client_id":{client},"scope":{text(scope)}'
        )
        if claims:
            if not _OWN_CLAIMS.isdisjoint(claims):
                raise ValueError(f"claims cannot replace {', '.join(sorted(_OWN_CLAIMS & claims.keys()))}")
            payload = f"{payload},{self._json(claims)[1:]}"
        else:
            payload += "}"
        signing_input = self._header + encode(payload.encode("utf-8"))
        return f"{signing_input}.{encode(self._sign(signing_input.encode('ascii')))}"

    def _json(self, claims: Mapping[str, Any]) -> str:
        # The faster encoder writes NaN as null, and knows types that are not JSON.
        if self._fast_json is not None and _PLAIN.issuperset(map(type, claims.values())):
            return self._fast_json(claims).decode("utf-8")
        return json_text(claims)


def _police_lifetime(lifetime_s: object) -> None:
    if not isinstance(lifetime_s, int | float) or not 1 <= lifetime_s < _FOR_EVER_S:
        raise ValueError(f"lifetime_s must be a number of seconds, 1 or more; got {lifetime_s!r}")


def _list_or_one(texts: list[str]) -> str:
    return text(texts[0]) if len(texts) == 1 else f"[{','.join(map(text, texts))}]"
