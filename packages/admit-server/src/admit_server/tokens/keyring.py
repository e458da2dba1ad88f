"""The keyring: which key signs now, which keys verify, and what `/jwks` shows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from admit.jose import Jwk, Jwks, Signed, sign, verify

from ..domain.signing_key import SigningKey


class NoSigningKey(LookupError):
    """No key of that algorithm signs now: the key file is not the one of this database, or no key was made."""


class RingKey:
    """A stored key with its usable halves. The private half is read when it first signs: for RSA that takes tens of milliseconds.

    Attributes:
        stored: As in the database.
        public: What verifies.
    """

    __slots__ = ("_private", "public", "stored")

    def __init__(self, stored: SigningKey, public: Jwk, private: Jwk | Callable[[], Jwk] | None) -> None:
        self.stored, self.public, self._private = stored, public, private

    @property
    def readable(self) -> bool:
        """Whether the key file opened the private half."""
        return self._private is not None

    @property
    def private(self) -> Jwk | None:
        """What signs; None where the key file does not open it."""
        if callable(self._private):
            self._private = self._private()
        return self._private

    def stored_as(self, stored: SigningKey) -> "RingKey":
        """The same key after its times changed."""
        return RingKey(stored, self.public, self._private)


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys at one moment. Replaced as a whole when the database has changed."""

    keys: tuple[RingKey, ...] = ()

    def signer(self, alg: str, *, now: int) -> Jwk:
        """The one active private key of an algorithm: the one that began to sign last.

        Raises:
            NoSigningKey: There is none.
        """
        active = [k for k in self.keys if k.stored.alg == alg and k.readable and k.stored.state(now) == "active"]
        if not active:
            raise NoSigningKey(f"no active {alg} key; `admit key list` shows the keys, `admit doctor` what is wrong")
        best = max(active, key=lambda k: k.stored.signs_from or 0)
        assert best.private is not None  # noqa: S101 - filtered above
        return best.private

    def sign(
        self, claims: dict[str, Any], *, alg: str, typ: str, now: int, critical: dict[str, bool] | None = None
    ) -> str:
        """A compact JWS of the claims by the active key."""
        return sign(claims, self.signer(alg, now=now), typ=typ, critical=critical)

    def verify(self, token: str, *, types: frozenset[str], now: int) -> Signed:
        """Check the signature of a token that we may have signed; claims are not judged here.

        Raises:
            admit.jose.JoseError: Not one of ours.
        """
        return verify(token, self.published(now=now), types=types, understood=("limits",))

    def published(self, *, now: int) -> Jwks:
        """Every key that is in `/jwks`: the next one too, and old ones as long as their tokens live."""
        return Jwks([k.public for k in self.keys if k.stored.state(now) != "removed"])
