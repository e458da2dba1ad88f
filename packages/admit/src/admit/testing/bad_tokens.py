"""Bad tokens, each bad for one reason alone."""

from __future__ import annotations

import hashlib
import hmac
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from admit.dpop import ProofKey
from admit.jose import generate_key
from admit.testing.forging import forge


def headers_of(token: str) -> dict[str, str]:
    """Return the headers of a request with a token."""
    return {"Authorization": f"Bearer {token}"}


class BadTokens(ABC):
    """The bad ones of `TestIssuer`. Every method returns request headers, and takes the options of `TestIssuer.token`."""

    issuer: str
    audience: str

    @abstractmethod
    def token(self, subject: str = "alice", **options: Any) -> str:
        """A good one."""

    @abstractmethod
    def _signature(self, data: bytes) -> bytes:
        """Made with the issuer's key."""

    @abstractmethod
    def now(self) -> int:
        """Seconds since 1970."""

    @abstractmethod
    def end_session(self, session_id: str) -> None:
        """End all tokens of a session."""

    @property
    @abstractmethod
    def public_pem(self) -> bytes:
        """The issuer's public key."""

    def expired(self, subject: str = "alice", **options: Any) -> dict[str, str]:
        """A token that ended an hour ago."""
        began = self.now() - 3900
        return self._forged(subject, options, claims={"iat": began, "exp": began + 300})

    def not_yet_valid(self, subject: str = "alice", **options: Any) -> dict[str, str]:
        """A token that begins in an hour."""
        return self._forged(subject, options, claims={"nbf": self.now() + 3600})

    def revoked(self, subject: str = "alice", **options: Any) -> dict[str, str]:
        """A token whose session has been ended, as by a logout."""
        session_id = options.pop("session_id", None) or f"ses_revoked_{self.now()}"
        headers = headers_of(self.token(subject, session_id=session_id, **options))
        self.end_session(session_id)
        return headers

    def wrong_audience(self, subject: str = "alice", **options: Any) -> dict[str, str]:
        """A good token for somebody else."""
        return headers_of(self.token(subject, audience=_somebody_else(self.audience), **options))

    def wrong_issuer(self, subject: str = "alice", **options: Any) -> dict[str, str]:
        """A token that names another issuer, made with this one's key."""
        return self._forged(subject, options, claims={"iss": _somebody_else(self.issuer)})

    def wrong_key(self, subject: str = "alice", **options: Any) -> dict[str, str]:
        """A token whose signature was made with another key."""
        return headers_of(forge(self.token(subject, **options), sign=generate_key("ES256").sign))

    def unknown_key(self, subject: str = "alice", **options: Any) -> dict[str, str]:
        """A token that names a key which the issuer never published, and was made with it."""
        stranger = generate_key("ES256")
        return headers_of(forge(self.token(subject, **options), sign=stranger.sign, header={"kid": "nobody-knows"}))

    def own_key(self, subject: str = "alice", **options: Any) -> dict[str, str]:
        """A token that brings its key along (`jwk` in the header, RFC 7515 section 4.1.3)."""
        stranger = generate_key("ES256")
        header = {"jwk": stranger.public().public_dict()}
        return headers_of(forge(self.token(subject, **options), sign=stranger.sign, header=header))

    def tampered(self, subject: str = "alice", **options: Any) -> dict[str, str]:
        """A token in which somebody changed the subject, and left the signature as it was."""
        return headers_of(forge(self.token(subject, **options), claims={"sub": f"{subject}-and-more"}))

    def alg_none(self, subject: str = "alice", **options: Any) -> dict[str, str]:
        """A token that claims to need no signature (RFC 7515 appendix A.5)."""
        return headers_of(
            forge(self.token(subject, **options), sign=lambda _: b"", header={"alg": "none", "kid": None})
        )

    def confused_algorithm(self, subject: str = "alice", **options: Any) -> dict[str, str]:
        """A token with a MAC, whose secret is the public key (RFC 8725 section 2.1)."""
        secret = self.public_pem

        def mac(data: bytes) -> bytes:
            return hmac.digest(secret, data, hashlib.sha256)

        return headers_of(forge(self.token(subject, **options), sign=mac, header={"alg": "HS256"}))

    def unknown_critical(self, subject: str = "alice", **options: Any) -> dict[str, str]:
        """A token that says that more has to be understood than anybody does (`crit`, RFC 7515 section 4.1.11)."""
        header = {"crit": ["https://admit.test/undefined"], "https://admit.test/undefined": True}
        return self._forged(subject, options, header=header)

    def id_token(self, subject: str = "alice", **options: Any) -> dict[str, str]:
        """An ID token for the same audience: it tells an application who somebody is, and opens nothing (RFC 9068 section 4)."""
        return self._forged(subject, options, header={"typ": "JWT"}, claims={"nonce": "n-0S6_WzA2Mj", "scope": None})

    def bound(self, subject: str = "alice", **options: Any) -> dict[str, str]:
        """A token that is bound to a key, sent as Bearer: as a thief would (RFC 9449 section 7.2)."""
        return self._forged(subject, options, claims={"cnf": {"jkt": ProofKey().jkt}})

    def garbage(self) -> dict[str, str]:
        """Text that is no token."""
        return headers_of("not-a-token")

    def _forged(
        self,
        subject: str,
        options: Mapping[str, Any],
        *,
        header: Mapping[str, Any] | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> dict[str, str]:
        return headers_of(forge(self.token(subject, **options), sign=self._signature, header=header, claims=claims))


def _somebody_else(name: str) -> str:
    return f"{name.rstrip('/')}/somebody-else"
