"""Making proofs, for clients and tests."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from typing import Any

from admit.dpop.proofs import TYPE, access_token_hash
from admit.jose import Jwk, base64url, generate_key


class ProofKey:
    """A key of a client, and the proofs that it has it (RFC 9449 section 4.2).

    key = ProofKey()
    headers = {"DPoP": key.proof("POST", "https://id.example.com/token")}
    """

    def __init__(self, key: Jwk | None = None, *, clock: Callable[[], float] = time.time) -> None:
        """
        Args:
            key: An asymmetric private key; a new one for ES256 when None.
            clock: Seconds since 1970.
        """
        self._key = key or generate_key("ES256")
        self._clock = clock
        members = self._key.public_dict()
        self._jwk = {name: members[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in members}

    @property
    def jkt(self) -> str:
        """The key's thumbprint, as in `cnf.jkt` and `dpop_jkt`."""
        return self._key.thumbprint()

    def proof(
        self,
        method: str,
        url: str,
        *,
        access_token: str | None = None,
        nonce: str | None = None,
        header: dict[str, Any] | None = None,
        claims: dict[str, Any] | None = None,
    ) -> str:
        """Return the value of a header `DPoP` for one request; a new one is needed for each.

        Args:
            method: "GET", "POST".
            url: Its address; query and fragment are left out.
            access_token: What the request carries, at a resource.
            nonce: What the server gave in `DPoP-Nonce`.
            header: Header members to replace, for tests of those who check.
            claims: Claims to add or replace; None takes one away.
        """
        head: dict[str, Any] = {"typ": TYPE, "alg": self._key.alg, "jwk": self._jwk} | (header or {})
        payload: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": url.partition("#")[0].partition("?")[0],
            "iat": int(self._clock()),
        }
        if access_token is not None:
            payload["ath"] = access_token_hash(access_token)
        if nonce is not None:
            payload["nonce"] = nonce
        payload |= claims or {}
        text = f"{_part(head)}.{_part({name: value for name, value in payload.items() if value is not None})}"
        return f"{text}.{base64url.encode(self._key.sign(text.encode('ascii')))}"


def _part(value: dict[str, Any]) -> str:
    return base64url.encode(json.dumps(value, separators=(",", ":")).encode("utf-8"))
