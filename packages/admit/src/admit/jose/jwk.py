"""One key, policed when it is loaded (RFC 7517, RFC 7518 section 6)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from admit.jose import base64url, key_material
from admit.jose.algorithms import KEY_TYPES, SIGNING, Alg, Checker, Signer, algorithm_for_key, current_name
from admit.jose.errors import InvalidKey

if TYPE_CHECKING:
    from admit.jose.key_material import Private, Public

_MAX_KID = 256
_SIGNATURES = frozenset({"sign", "verify"})
_LOOKS_LIKE_A_KEY_FILE = (b"-----BEGIN", b"ssh-rsa", b"ssh-ed25519", b"ecdsa-sha2-")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Jwk:
    """A signing or verifying key that has passed every check. Make one with a class method, not the constructor.

    Attributes:
        alg: The one algorithm this key is for. The key decides; a token's header may only agree.
        kid: Its name in a set, or None.
    """

    alg: str
    kid: str | None
    _public: Public = field(repr=False)
    _private: Private | None = field(repr=False)
    _checker: Checker | None = field(default=None, init=False, repr=False)
    _signer: Signer | None = field(default=None, init=False, repr=False)

    @classmethod
    def parse(cls, members: Mapping[str, Any]) -> Jwk:
        """Read a JWK that was parsed from JSON.

        A private key whose `key_ops` do not name "sign" is loaded without its private part.

        Raises:
            InvalidKey: Unknown `kty` or curve, RSA under 2,048 bits, a secret shorter than the hash, a key that gives no
                protection (see `rsassa.police` and `eddsa.police`), a private part that does not belong to the public one,
                `use` or `key_ops` that say the key is not for signatures alone, or an `alg` that does not fit.

        Spec: RFC 7517 section 4; RFC 7518 section 6, RFC 8037 section 2, RFC 8812 section 3, RFC 9964.
        """
        kty, kid, declared = members.get("kty"), members.get("kid"), members.get("alg")
        if not isinstance(kty, str) or kty not in KEY_TYPES:
            raise InvalidKey(f"key type {_shown(kty)} is not supported")
        if kid is not None and (not isinstance(kid, str) or not 0 < len(kid) <= _MAX_KID):
            raise InvalidKey("kid must be text of 1 to 256 characters")
        if declared is not None and (not isinstance(declared, str) or current_name(declared) not in SIGNING):
            raise InvalidKey(f"algorithm {_shown(declared)} is not supported")
        may = _operations(members)
        public, private = key_material.read(kty, members)
        if "verify" not in may and (private is None or kty == "oct"):
            raise InvalidKey("the key is not for checking signatures: key_ops does not name verify")
        return cls._checked(public, private if "sign" in may else None, alg=declared, kid=kid)

    @classmethod
    def from_secret(cls, secret: bytes, *, kid: str | None = None, alg: str = "HS256") -> Jwk:
        """Make an HMAC key.

        Args:
            secret: Random bytes, as many as the hash has or more (RFC 7518 section 3.2): 32 for HS256, 48 for HS384, 64
                for HS512; for example `secrets.token_bytes(32)`.
            kid: Its name, when several secrets are in use.
            alg: "HS256", "HS384" or "HS512".

        Raises:
            InvalidKey: Too short, not bytes, or the text of a key file: used as a secret, a public key would let
                everybody sign.
        """
        if not isinstance(secret, bytes):
            raise InvalidKey("an HMAC secret must be bytes, for example secrets.token_bytes(32)")
        if secret.lstrip().startswith(_LOOKS_LIKE_A_KEY_FILE):
            raise InvalidKey(
                "this is the text of a key file, not a secret; a public key as a secret lets anyone sign. Load it by Jwk.from_pem"
            )
        return cls._checked(secret, secret, alg=alg, kid=kid)

    @classmethod
    def from_pkcs8(cls, der: bytes, *, alg: str, kid: str | None) -> Jwk:
        """Load a private key from unencrypted PKCS#8 DER, as `to_pkcs8` writes it.

        Raises:
            InvalidKey: Not such a key, or it does not fit `alg`.
        """
        private = key_material.from_pkcs8(der)
        return cls._checked(key_material.public_of(private), private, alg=alg, kid=kid)

    @classmethod
    def from_pem(cls, pem: str | bytes, *, alg: str | None = None, kid: str | None = None) -> Jwk:
        """Load a public or an unencrypted private key from the text of a PEM file.

        Args:
            pem: From "-----BEGIN PUBLIC KEY-----" or "-----BEGIN PRIVATE KEY-----" on.
            alg: What the key is for; None takes the first algorithm of its type and curve (RS256 for RSA).
            kid: Its name in a set.

        Raises:
            InvalidKey: Not such a key, one that must not be used, or one that does not fit `alg`.
        """
        return cls._checked(*key_material.from_pem(pem), alg=alg, kid=kid)

    @classmethod
    def _checked(cls, public: Public, private: Private | None, *, alg: str | None, kid: str | None) -> Jwk:
        kty, crv = key_material.kind(public)
        alg = None if alg is None else current_name(alg)
        row = algorithm_for_key(kty=kty, crv=crv, declared=alg)
        if row is None:
            raise InvalidKey(f"a key of type {kty} cannot be used for {alg}")
        size = key_material.bits(public)
        if size < row.min_bits:
            few = f": write secrets.token_bytes({row.min_bits // 8}) to a file once" if row.symmetric else ""
            raise InvalidKey(f"{row.name} needs a key of {row.min_bits} bits or more; this one has {size}{few}")
        return cls(alg=row.name, kid=kid, _public=public, _private=private)

    @property
    def row(self) -> Alg:
        """The algorithm's row in the table."""
        return SIGNING[self.alg]

    @property
    def symmetric(self) -> bool:
        """Whether whoever verifies with this key could also sign with it."""
        return self.row.symmetric

    @property
    def can_sign(self) -> bool:
        """Whether the private part is here."""
        return self._private is not None

    @property
    def checker(self) -> Checker:
        """The function (signature, data) -> bool of this key, made at its first use: `verify` without the way to it."""
        if self._checker is None:  # frozen for others, not for this
            object.__setattr__(self, "_checker", self.row.prepare_verify(self._public))
        return self._checker  # type: ignore[return-value]

    @property
    def signer(self) -> Signer:
        """The function (data) -> signature of this key, made at its first use.

        Raises:
            InvalidKey: Only the public part is here.
        """
        if self._signer is None:
            if self._private is None:
                raise InvalidKey(f"key {self.kid!r} is public and cannot sign")
            object.__setattr__(self, "_signer", self.row.prepare_sign(self._private))
        return self._signer  # type: ignore[return-value]

    def sign(self, data: bytes) -> bytes:
        """Return the raw signature (for ES256, R and S of 32 octets each).

        Raises:
            InvalidKey: Only the public part is here.
        """
        return self.signer(data)

    def verify(self, signature: bytes, data: bytes) -> bool:
        """Say whether `signature` was made over `data` with this key's private part."""
        return self.checker(signature, data)

    def public(self) -> Jwk:
        """Return the key without its private part.

        Raises:
            InvalidKey: The key is a secret.
        """
        self._refuse_symmetric()
        return replace(self, _private=None)

    def public_dict(self) -> dict[str, str]:
        """Return the public JWK for a key set: kty, key members, `use`, `alg` and `kid`.

        Raises:
            InvalidKey: The key is a secret, which no set may show.
        """
        self._refuse_symmetric()
        members = key_material.public_members(self._public) | {"use": "sig", "alg": self.alg}
        return members if self.kid is None else members | {"kid": self.kid}

    def to_pkcs8(self) -> bytes:
        """Return the private key as unencrypted PKCS#8 DER. Seal it before it is stored.

        Raises:
            InvalidKey: The private part is not here, or the key is a secret.
        """
        if self._private is None:
            raise InvalidKey(f"key {self.kid!r} is public")
        return key_material.to_pkcs8(self._private)

    def thumbprint(self) -> str:
        """Return the SHA-256 thumbprint, base64url (RFC 7638 section 3)."""
        import hashlib

        members = key_material.public_members(self._public)
        canonical = json.dumps(members, separators=(",", ":"), sort_keys=True)
        return base64url.encode(hashlib.sha256(canonical.encode("utf-8")).digest())

    def _refuse_symmetric(self) -> None:
        if self.symmetric:
            raise InvalidKey("a symmetric key has no public part")


def generate_key(alg: str, *, kid: str | None = None) -> Jwk:
    """Make a new private key from the system's randomness.

    Args:
        alg: A name of the table, for example "ES256", "Ed25519", "RS256" (2,048 bits) or "HS256" (as many bytes as the hash).
        kid: Its name. Asymmetric keys get their thumbprint when this is None (RFC 7638 section 7 warns against
            thumbprints of secrets, so HMAC keys stay nameless).

    Raises:
        InvalidKey: No such algorithm, or the installed `cryptography` has no keys for it.
    """
    row = SIGNING.get(current_name(alg))
    if row is None:
        raise InvalidKey(f"algorithm {_shown(alg)} is not supported")
    private = key_material.generate(row)
    key = Jwk(alg=row.name, kid=kid, _public=key_material.public_of(private), _private=private)
    return replace(key, kid=key.thumbprint()) if kid is None and not key.symmetric else key


def _operations(members: Mapping[str, Any]) -> frozenset[str]:
    """Return which of "sign" and "verify" the key is for."""
    use, operations = members.get("use"), members.get("key_ops")
    if use is not None and use != "sig":
        raise InvalidKey(f"the key is not for signatures: use is {_shown(use)}")
    if operations is None:
        return _SIGNATURES
    if not isinstance(operations, list) or not all(isinstance(item, str) for item in operations):
        raise InvalidKey("key_ops must be a list of texts")
    named = frozenset(operations)
    if len(named) != len(operations):
        raise InvalidKey("key_ops must not repeat a value")  # RFC 7517 section 4.3
    # The same section: "Multiple unrelated key operations SHOULD NOT be specified for a key".
    if not named or not named <= _SIGNATURES:
        raise InvalidKey("the key is not for signatures: key_ops names something else than sign and verify")
    return named


def _shown(value: object) -> str:
    return repr(value)[:40]
