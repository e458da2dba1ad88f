"""Keys that tokens are encrypted to, or with. Each is for one algorithm, as keys that sign are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from admit.jose import InvalidKey, Malformed, base64url, key_material

# RFC 7518 sections 4.3 to 4.6. Not here: RSA1_5 (its padding is an oracle, RFC 8725 section 3.2) and PBES2 (a header sets its cost).
ALGORITHMS = ("dir", "A256KW", "ECDH-ES", "ECDH-ES+A256KW", "RSA-OAEP-256")
"""How the key of the content is agreed on (`alg`)."""

ENCRYPTIONS = ("A128CBC-HS256", "A256GCM")
"""How the content is encrypted (`enc`). Both take a key of 256 bits."""

_KEY_TYPES = {
    "dir": ("oct",),
    "A256KW": ("oct",),
    "ECDH-ES": ("EC", "OKP"),
    "ECDH-ES+A256KW": ("EC", "OKP"),
    "RSA-OAEP-256": ("RSA",),
}
_CURVES = ("P-256", "P-384", "P-521", "X25519")
_SECRET_BYTES = 32
# RFC 7517 section 4.3: what a private or secret key does here.
_OPENING = frozenset({"decrypt", "unwrapKey", "deriveKey", "deriveBits"})
_SEALING = frozenset({"encrypt", "wrapKey"})
_HOW_TO_INSTALL = "encrypted tokens need joserfc: pip install 'admit[jwe]'"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EncryptionKey:
    """A key for encrypted tokens that has passed every check. Make one with a class method, not the constructor.

    Attributes:
        alg: The one way of key management it is for, of `ALGORITHMS`. A token's header may only agree.
        encryptions: Which `enc` it goes with, of `ENCRYPTIONS`.
        kid: Its name, or None.
        kty: "oct", "EC", "OKP" or "RSA".
        crv: The curve of an EC or OKP key.
        can_decrypt: Whether the private part, or the secret, is here, and `key_ops` allow that it opens.
        size: Octets of an encrypted content key that belongs to this key; 0 where there is none.
    """

    alg: str
    encryptions: tuple[str, ...]
    kid: str | None
    kty: str
    crv: str | None
    can_decrypt: bool
    size: int
    material: Any = field(repr=False)

    @classmethod
    def parse(cls, members: Mapping[str, Any], *, encryptions: Collection[str] = ()) -> EncryptionKey:
        """Read a JWK that was parsed from JSON.

        Args:
            members: Has to name its `alg`. The `alg` of a secret that encrypts the content itself may be "dir", or the
                name of the encryption.
            encryptions: Allowed values of `enc`; both by default. A "dir" key is for exactly one.

        Raises:
            InvalidKey: An algorithm, type or curve that is not taken here, RSA under 2,048 bits, a secret of another size
                than 32 bytes, `use` or `key_ops` that say the key is for something else, or numbers that make no key.
            ImportError: joserfc is not installed.

        Spec: RFC 7517 section 4, RFC 7518 section 4 and 6.
        """
        alg, kid, kty, crv = (members.get(name) for name in ("alg", "kid", "kty", "crv"))
        chosen = tuple(encryptions)
        if alg in ENCRYPTIONS and not chosen:
            alg, chosen = "dir", (alg,)
        if alg not in ALGORITHMS:
            raise InvalidKey(f"alg of a key for encryption must be one of {', '.join(ALGORITHMS)}; got {alg!r:.40}")
        if kid is not None and (not isinstance(kid, str) or not 0 < len(kid) <= 256):
            raise InvalidKey("kid must be text of 1 to 256 characters")
        if kty not in _KEY_TYPES[alg]:
            raise InvalidKey(f"a key of type {kty!r:.40} cannot be used for {alg}")
        if unknown := set(chosen) - set(ENCRYPTIONS):
            raise InvalidKey(f"encryptions must be some of {', '.join(ENCRYPTIONS)}; got {sorted(unknown)}")
        # RFC 8725 section 3.1 for the content: one key under two ciphers is one key too few.
        if alg == "dir" and len(chosen) != 1:
            raise InvalidKey("a key for dir is for one encryption: name it, for example encryptions=['A256GCM']")
        may_open = _may_open(members)
        material, private = _read(kty, members)
        size = {"A256KW": 40, "ECDH-ES+A256KW": 40}.get(alg, 0)
        return cls(
            alg=alg,
            encryptions=chosen or ENCRYPTIONS,
            kid=kid,
            kty=kty,
            crv=crv if kty in ("EC", "OKP") else None,
            can_decrypt=private and may_open,
            size=(material.raw_value.key_size + 7) // 8 if kty == "RSA" else size,
            material=material,
        )

    @classmethod
    def from_secret(
        cls, secret: bytes, *, alg: str = "A256KW", kid: str | None = None, encryptions: Collection[str] = ()
    ) -> EncryptionKey:
        """Make a key of 32 random bytes that both sides know, for "A256KW" or "dir". Raises as `parse` does."""
        if not isinstance(secret, bytes):
            raise InvalidKey("a secret must be bytes, for example secrets.token_bytes(32)")
        members = {"kty": "oct", "k": base64url.encode(secret), "alg": alg} | ({} if kid is None else {"kid": kid})
        return cls.parse(members, encryptions=encryptions)

    @classmethod
    def from_pem(
        cls, pem: bytes, *, alg: str, kid: str | None = None, encryptions: Collection[str] = ()
    ) -> EncryptionKey:
        """Load an unencrypted private key, or a public one, from PEM (RFC 7468 sections 10 and 13). Raises as `parse` does."""
        joserfc = _joserfc()
        module = {"RSA": joserfc.RSAKey, "EC": joserfc.ECKey}.get(_KEY_TYPES.get(alg, ("",))[0])
        if module is None or not pem.lstrip().startswith(b"-----BEGIN "):
            raise InvalidKey(
                "PEM holds keys for RSA-OAEP-256, ECDH-ES and ECDH-ES+A256KW; X25519 and secrets come as a JWK"
            )
        try:
            found = module.import_key(pem)
            members = found.as_dict(private=found.is_private)
        except Exception:
            raise InvalidKey(f"not the PEM of a key for {alg}") from None
        return cls.parse(members | {"alg": alg} | ({} if kid is None else {"kid": kid}), encryptions=encryptions)

    @classmethod
    def generate(
        cls, alg: str, *, crv: str = "P-256", kid: str | None = None, encryptions: Collection[str] = ()
    ) -> EncryptionKey:
        """Make a new key from the system's randomness. Raises as `parse` does."""
        joserfc = _joserfc()
        kty = _KEY_TYPES.get(alg, ("",))[0]
        if kty == "oct":
            made = joserfc.OctKey.generate_key(256)
        elif kty == "RSA":
            made = joserfc.RSAKey.generate_key(2048)
        elif crv in _CURVES:
            made = (joserfc.OKPKey if crv == "X25519" else joserfc.ECKey).generate_key(crv)
        else:
            raise InvalidKey(f"the curve must be one of {', '.join(_CURVES)}")
        members = made.as_dict(private=True) | {"alg": alg}
        return cls.parse(members | ({} if kid is None else {"kid": kid}), encryptions=encryptions)

    def public_dict(self) -> dict[str, str]:
        """Return the public JWK for a key set: key members, `use`, `alg` and `kid`.

        Raises:
            InvalidKey: The key is a secret, which no set may show.
        """
        if self.kty == "oct":
            raise InvalidKey("a symmetric key has no public part")
        members: dict[str, str] = self.material.as_dict(private=False)
        members = {name: members[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in members}
        return members | {"use": "enc", "alg": self.alg} | ({} if self.kid is None else {"kid": self.kid})

    def private_dict(self) -> dict[str, str]:
        """Return the JWK with everything in it. Keep it as you keep a password.

        Raises:
            InvalidKey: Only the public part is here.
        """
        if not self.can_decrypt:
            raise InvalidKey(f"key {self.kid!r} is public")
        members: dict[str, str] = self.material.as_dict(private=True)
        names = ("kty", "crv", "x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi", "k")
        members = {name: members[name] for name in names if name in members}
        alg = self.encryptions[0] if self.alg == "dir" else self.alg
        return members | {"use": "enc", "alg": alg} | ({} if self.kid is None else {"kid": self.kid})


def _read(kty: str, members: Mapping[str, Any]) -> tuple[Any, bool]:
    """Return the key as joserfc has it, and whether it is private."""
    joserfc = _joserfc()
    try:
        if kty == "oct":
            secret = base64url.decode_member(members, "k")
            if len(secret) != _SECRET_BYTES:
                raise InvalidKey(f"the secret must have {_SECRET_BYTES} bytes; this one has {len(secret)}")
            return joserfc.OctKey.import_key(secret), True
        if kty == "OKP":
            return _read_x25519(members)
        if kty == "EC" and members.get("crv") not in _CURVES:
            raise InvalidKey(f"the curve must be one of {', '.join(_CURVES)}")
        public, private = key_material.read(kty, members)
    except Malformed as error:
        raise InvalidKey(f"not a usable {kty} key: {error}") from None
    module = joserfc.ECKey if kty == "EC" else joserfc.RSAKey
    return module.import_key(public if private is None else private), private is not None


def _read_x25519(members: Mapping[str, Any]) -> tuple[Any, bool]:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    if members.get("crv") != "X25519":
        raise InvalidKey(f"the curve must be one of {', '.join(_CURVES)}")
    x = base64url.decode_member(members, "x")
    try:
        key: Any = X25519PublicKey.from_public_bytes(x)
        if "d" in members:
            key = X25519PrivateKey.from_private_bytes(base64url.decode_member(members, "d"))
            if key.public_key().public_bytes_raw() != x:
                raise InvalidKey("d does not belong to x")
    except ValueError as error:
        raise InvalidKey(f"not a usable OKP key: {error}") from None
    return _joserfc().OKPKey.import_key(key), "d" in members


def _may_open(members: Mapping[str, Any]) -> bool:
    """Return whether the key may decrypt, by its `use` and `key_ops` (RFC 7517 sections 4.2 and 4.3)."""
    use, operations = members.get("use"), members.get("key_ops")
    if use is not None and use != "enc":
        raise InvalidKey(f"the key is not for encryption: use is {use!r:.40}")
    if operations is None:
        return True
    if not isinstance(operations, list) or not all(isinstance(each, str) for each in operations):
        raise InvalidKey("key_ops must be a list of texts")
    if not operations or not set(operations) <= _OPENING | _SEALING:
        raise InvalidKey("the key is not for encryption: key_ops names something else")
    return bool(_OPENING & set(operations))


def _joserfc() -> Any:
    try:
        from joserfc import jwk
    except ImportError:
        raise ImportError(_HOW_TO_INSTALL) from None
    return jwk
