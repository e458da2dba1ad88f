"""An issuer for tests, in memory and with a real key: no server, no network, no mocks.

with TestIssuer().protecting(auth) as tokens:
    client.get("/items", headers=tokens.bearer("alice", scopes="items:read"))
    client.get("/items", headers=tokens.expired())
    client.get("/items", headers=tokens.dpop("GET", "/items"))
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from admit.assertions import ASSERTION_TYPE
from admit.dpop import ProofKey
from admit.issuer import Issuer
from admit.jose import Jwks, generate_key, sign
from admit.revocations import InMemoryRevocations
from admit.testing.bad_tokens import BadTokens, headers_of
from admit.testing.protecting import Protecting
from admit.verifier import Verifier

_LONG_S = 86_400


class TestIssuer(Protecting, BadTokens):
    """Issues good tokens and, by the methods of `BadTokens`, bad ones of every common kind.

    Each method but `token` returns request headers.

    Attributes:
        issuer: Goes into `iss`.
        audience: The resource that tokens are for.
        revocations: What has been ended; `verifier()` looks here.
    """

    __test__ = False  # not a class of tests, whatever its name looks like to a collector
    revocations: InMemoryRevocations

    def __init__(
        self,
        *,
        issuer: str = "https://id.test",
        audience: str = "https://api.test",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` returns seconds since 1970 and is used for issuing and verifying alike."""
        self.issuer = issuer
        self.audience = audience
        self.revocations = InMemoryRevocations()
        self._clock = clock
        self._key = generate_key("ES256", kid="test-key")
        self._serial = 0
        super().__init__()

    @property
    def jwks(self) -> Jwks:
        """The public key."""
        return Jwks([self._key.public()])

    @property
    def public_pem(self) -> bytes:
        """The same as PEM (SubjectPublicKeyInfo, RFC 7468 section 13)."""
        from cryptography.hazmat.primitives import serialization

        key: Any = serialization.load_der_private_key(self._key.to_pkcs8(), password=None)
        pem: bytes = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return pem

    def now(self) -> int:
        """Seconds since 1970, by this issuer's clock."""
        return int(self._clock())

    def verifier(self, **options: Any) -> Verifier:
        """Return a verifier that trusts this issuer. `options` are those of `Verifier`."""
        wired: dict[str, Any] = {
            "issuer": self.issuer,
            "audience": self.audience,
            "keys": self.jwks,
            "revocations": self.revocations,
            "clock": self._clock,
        }
        return Verifier(**(wired | options))

    def token(  # type: ignore[override]
        self,
        subject: str = "alice",
        *,
        scopes: str | Iterable[str] = (),
        audience: str | None = None,
        client_id: str = "cli_test",
        lifetime_s: int = 300,
        session_id: str | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the text of a token, good unless an argument makes it bad.

        Args:
            subject: Whose it is.
            scopes: A list, or one text with spaces between them.
            audience: None for the usual one.
            client_id: The application.
            lifetime_s: Seconds until it ends.
            session_id: Goes into `sid`; `end_session` ends all tokens of it. None makes a new one.
            claims: More claims, such as `auth_time`, `acr`.
        """
        return self._issue(
            self._clock,
            subject=subject,
            scopes=scopes,
            audience=audience,
            client_id=client_id,
            lifetime_s=lifetime_s,
            session_id=session_id,
            claims=claims,
        )

    def bearer(self, subject: str = "alice", **options: Any) -> dict[str, str]:
        """Return the headers of a request with a good token. `options` are those of `token`."""
        return headers_of(self.token(subject, **options))

    def assertion(
        self,
        subject: str = "alice",
        *,
        method: str = "GET",
        path: str = "/",
        host: str = "testserver",
        scopes: str | Iterable[str] = (),
        claims: Mapping[str, Any] | None = None,
    ) -> dict[str, str]:
        """Return the headers with which a request reaches an application behind a proxy that asks `/check`.

        Args:
            subject: Who makes the request.
            method: Of the request; the assertion is good for no other.
            path: Of the request, without the query.
            host: Of the request, without a port.
            scopes: A list, or one text with spaces between them.
            claims: More claims, or others: `aud`, `exp`, `acr`.
        """
        now = int(self._clock())
        said: dict[str, Any] = {
            "iss": self.issuer,
            "sub": subject,
            "aud": self.audience,
            "iat": now,
            "exp": now + 30,
            "jti": self._next("tok_assertion"),
            "token_jti": self._next("tok_test"),
            "client_id": "cli_test",
            "scope": scopes if isinstance(scopes, str) else " ".join(scopes),
            "grant": self._next("grt_test"),
            "sid": self._next("ses_test"),
            "request": {"method": method, "host": host, "path": path},
        }
        return {"X-Auth-Assertion": sign(said | dict(claims or {}), self._key, typ=ASSERTION_TYPE)}

    def dpop(
        self, method: str, url: str, subject: str = "alice", *, key: ProofKey | None = None, **options: Any
    ) -> dict[str, str]:
        """Return the headers of one request with a token that is bound to a key, and its proof (RFC 9449).

        Args:
            method: Of the request.
            url: Its address, as clients know it; relative to the audience when it begins with "/".
            subject: Whose token it is.
            key: The client's; a new one when None.
            options: Those of `token`.
        """
        holder = key or ProofKey(clock=self._clock)
        claims = dict(options.pop("claims", None) or {}) | {"cnf": {"jkt": holder.jkt}}
        token = self.token(subject, claims=claims, **options)
        address = self.audience.rstrip("/") + url if url.startswith("/") else url
        return {"Authorization": f"DPoP {token}", "DPoP": holder.proof(method, address, access_token=token)}

    def end_session(self, session_id: str) -> None:
        """End a session, as a logout does: all its tokens are refused from now on."""
        self.revocations.revoke("sid", session_id, until=self._clock() + _LONG_S)

    def _sign_with(self, allowed: frozenset[str]) -> None:
        """Take another key, if this one's algorithm is not among `allowed`."""
        if self._key.alg not in allowed:
            self._key = generate_key(_quickest(allowed), kid=self._key.kid)

    def _signature(self, data: bytes) -> bytes:
        """Sign something else than a token with this issuer's key."""
        return self._key.sign(data)

    def _issue(
        self,
        clock: Callable[[], float],
        *,
        subject: str,
        scopes: str | Iterable[str] = (),
        audience: str | None = None,
        client_id: str = "cli_test",
        lifetime_s: int,
        session_id: str | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        hangs_on = {"sid": session_id or self._next("ses_test"), "grant": self._next("grt_test")}
        return Issuer(issuer=self.issuer, key=self._key, clock=clock).issue(
            subject=subject,
            audience=audience or self.audience,
            scopes=scopes.split() if isinstance(scopes, str) else scopes,
            lifetime_s=lifetime_s,
            client_id=client_id,
            claims=hangs_on | dict(claims or {}),
        )

    def _next(self, prefix: str) -> str:
        self._serial += 1
        return f"{prefix}_{self._serial}"


def _quickest(allowed: frozenset[str]) -> str:
    """The algorithm whose keys are made quickest. A secret is for nobody to publish: such verifiers trust a key of ES256 in tests."""
    pairs = [name for name in allowed if not name.startswith("HS")]
    return min(pairs, key=lambda name: (name[:2] in ("RS", "PS"), name), default="ES256")
