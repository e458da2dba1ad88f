"""From an encrypted token to the signed one within (RFC 7516 section 5.2).

What a stranger can send is policed before any key is used; from then on every failure is the same refusal, in the same words.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any, NamedTuple

from admit.encrypted.keys import EncryptionKey
from admit.errors import DecryptionFailed, EncryptionRequired, MalformedToken
from admit.jose import MAX_TOKEN_CHARS, JoseError, base64url, strict_json

MAX_CHARS = 28_672
"""Of a whole encrypted token: a signed one of `MAX_TOKEN_CHARS`, a third more for base64url, header and key."""

_MAX_HEADER_CHARS = 4_096
_MAX_PARTY_INFO_CHARS = 512
_IV_OCTETS = {"A128CBC-HS256": 16, "A256GCM": 12}  # RFC 7518 sections 5.2.2.1 and 5.3
_TAG_OCTETS = 16
_EPHEMERAL = {"EC": frozenset({"kty", "crv", "x", "y"}), "OKP": frozenset({"kty", "crv", "x"})}
_REPLICATED = ("iss", "sub", "aud")
_UNIFORM = "the token cannot be decrypted with the keys that are given here"


class Opened(NamedTuple):
    """What was in an encrypted token.

    Attributes:
        token: The signed token. Nothing in it may be believed yet.
        header: Of the encryption. Known to be made by whoever encrypted, which for a public key is anybody.
    """

    token: str
    header: Mapping[str, Any]


class Opener:
    """Holds the keys and opens tokens. Takes nothing from a token but the name of its key."""

    def __init__(self, keys: EncryptionKey | Collection[EncryptionKey]) -> None:
        """
        Args:
            keys: Private keys and secrets, the old one beside the new while keys change.

        Raises:
            ValueError: None, one that cannot decrypt, or two of the same name.
        """
        several = (keys,) if isinstance(keys, EncryptionKey) else keys
        if (
            not isinstance(several, Collection)
            or not several
            or not all(isinstance(key, EncryptionKey) for key in several)
        ):
            raise ValueError("decryption_keys must be one or several EncryptionKey")
        self._keys = tuple(several)
        if public := [key.kid for key in self._keys if not key.can_decrypt]:
            raise ValueError(
                f"decryption_keys must be private or secret; {public[0]!r} is public, or not for decryption"
            )
        named = [key.kid for key in self._keys if key.kid is not None]
        if len(set(named)) != len(named):
            raise ValueError("two of the decryption_keys have the same kid")

    def open(self, token: str) -> Opened:
        """Return the signed token within.

        Raises:
            DecryptionFailed: Whatever it was. The message names what breaks a rule in the header, which every sender knows;
                what happened with the key it never says.

        Spec: RFC 7516 section 5.2, RFC 7519 section 5.2 and 7.2, RFC 8725 sections 3.1 to 3.7.
        """
        try:
            header, key = self._policed(token)
        except JoseError as error:
            raise DecryptionFailed(f"the encrypted token is malformed: {error}") from None
        inner = _decrypted(token, key, header["enc"])
        # One level: what is within has to be signed, or anybody could have written it.
        if inner.count(b".") != 2 or len(inner) > MAX_TOKEN_CHARS or not inner.isascii():
            raise DecryptionFailed("what is encrypted is no signed token")
        return Opened(inner.decode("ascii"), header)

    def _policed(self, token: str) -> tuple[dict[str, Any], EncryptionKey]:
        if len(token) > MAX_CHARS:
            raise DecryptionFailed(f"the token has more than {MAX_CHARS} characters")
        parts = token.split(".")
        if len(parts) != 5:
            raise DecryptionFailed(f"an encrypted token has five parts separated by dots; this has {len(parts)}")
        if len(parts[0]) > _MAX_HEADER_CHARS:
            raise DecryptionFailed(f"the header has more than {_MAX_HEADER_CHARS} characters")
        raw, encrypted_key, iv, ciphertext, tag = (base64url.decode(part) for part in parts)
        header = strict_json.parse_object(raw, what="header", unique=True)
        key = self._key_for(_police(header), kid=header.get("kid"))
        if header["enc"] not in key.encryptions:
            raise DecryptionFailed(
                f"the header says enc {header['enc']!r:.40}; its key is for {', '.join(key.encryptions)}"
            )
        if len(encrypted_key) != key.size:
            raise DecryptionFailed("the encrypted key has the wrong size")
        if len(iv) != _IV_OCTETS[header["enc"]] or len(tag) != _TAG_OCTETS or not ciphertext:
            raise DecryptionFailed("initialization vector, ciphertext or tag has the wrong size")
        _police_agreement(header, key)
        return header, key

    def _key_for(self, alg: str, *, kid: str | None) -> EncryptionKey:
        """The key decides the algorithm; the header may only agree (RFC 8725 section 3.1)."""
        named = [key for key in self._keys if kid is not None and key.kid == kid]
        found = named or [key for key in self._keys if key.alg == alg and (kid is None or key.kid is None)]
        if len(found) != 1:
            raise DecryptionFailed(f"the header's kid and alg mean {len(found)} of the decryption keys, not one")
        if found[0].alg != alg:
            raise DecryptionFailed(f"the header says alg {alg!r:.40}; its key is for {found[0].alg}")
        return found[0]


class Envelope:
    """What a verifier does with the encryption around tokens. RFC 9068 section 4: once it is agreed on, a readable token is refused."""

    required: bool

    def __init__(self, keys: EncryptionKey | Collection[EncryptionKey], *, required: bool) -> None:
        """`required`: whether tokens that are not encrypted are refused. Raises as `Opener` does."""
        self._opener, self.required = Opener(keys), required

    def unwrapped(self, token: str) -> tuple[str, Callable[[dict[str, Any]], dict[str, Any]] | None]:
        """Return the signed token, and what its claims have still to pass where it was encrypted.

        Raises:
            EncryptionRequired: It is not.
            DecryptionFailed: It is, and does not open.
        """
        if token.count(".") != 4:
            if self.required:
                raise EncryptionRequired("the token is not encrypted; this verifier takes encrypted ones only")
            return token, None
        opened = self._opener.open(token)

        def agreeing(claims: dict[str, Any]) -> dict[str, Any]:
            refuse_other_claims(opened.header, claims)
            return claims

        return opened.token, agreeing


def refuse_other_claims(header: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
    """Refuse a token whose encrypted header says something else than its claims.

    Raises:
        MalformedToken: RFC 7519 section 5.3: whoever receives claims that are replicated in the header should verify
            that they are the same.
    """
    for name in _REPLICATED:
        if name in header and header[name] != claims.get(name):
            raise MalformedToken(f"{name} in the header of the encryption is not that of the token")


def _police(header: Mapping[str, Any]) -> str:
    """Check what needs no key, and return `alg`."""
    if any(isinstance(value, dict) and name != "epk" for name, value in header.items()):
        raise DecryptionFailed("the header holds a nested object")
    for name in ("alg", "enc", "cty"):
        if not isinstance(header.get(name), str):
            raise DecryptionFailed(f"the header has no {name}")
    for name in ("kid", "typ"):
        if name in header and not isinstance(header[name], str):
            raise DecryptionFailed(f"{name} must be text")
    # RFC 8725 section 3.6: compression before encryption tells what is encrypted by its length, and expands without bounds.
    if "zip" in header:
        raise DecryptionFailed("compressed tokens are not taken")
    if "crit" in header:
        raise DecryptionFailed("crit names extensions, and none is understood here")
    # RFC 7519 section 5.2: of a nested JWT the value "MUST be "JWT""; media types ignore case (RFC 7515 section 4.1.10).
    if header["cty"].lower().removeprefix("application/") != "jwt":
        raise DecryptionFailed("cty must be JWT: only signed tokens are taken from within")
    alg: str = header["alg"]
    return alg


def _police_agreement(header: Mapping[str, Any], key: EncryptionKey) -> None:
    """Check the members of a key agreement (RFC 7518 section 4.6.1)."""
    if key.kty not in _EPHEMERAL:
        if "epk" in header:
            raise DecryptionFailed("an ephemeral key is not for this algorithm")
        return
    point = header.get("epk")
    if not isinstance(point, dict) or point.keys() != _EPHEMERAL[key.kty]:
        raise DecryptionFailed("epk must be a public key, and nothing more")
    if point["kty"] != key.kty or point["crv"] != key.crv:
        raise DecryptionFailed("epk is of another type or curve than the key")
    size = {"P-256": 32, "P-384": 48, "P-521": 66, "X25519": 32}[point["crv"]]
    for name in _EPHEMERAL[key.kty] - {"kty", "crv"}:
        # Some libraries leave leading zeros of a number out, against RFC 7518 section 6.2.1.2: it is the same point all the same.
        if len(base64url.decode_member(point, name)) > size:
            raise DecryptionFailed("a coordinate of epk has the wrong size")
    for name in ("apu", "apv"):
        value = header.get(name, "")
        if not isinstance(value, str) or len(value) > _MAX_PARTY_INFO_CHARS:
            raise DecryptionFailed(f"{name} must be short text")
        base64url.decode(value)


def _decrypted(token: str, key: EncryptionKey, enc: str) -> bytes:
    from joserfc import jwe

    try:
        # A point off the curve ends here too: `cryptography` makes no key of it (RFC 8725 section 3.4).
        return jwe.decrypt_compact(token, key.material, registry=_registry(key.alg, enc)).plaintext or b""
    except Exception:
        raise DecryptionFailed(_UNIFORM) from None


@cache
def _registry(alg: str, enc: str) -> Any:
    """Return joserfc's registry with these two names, which never says whether a content key could be had."""
    from joserfc.jwe import JWERegistry

    class Registry(JWERegistry):
        max_protected_header_length = _MAX_HEADER_CHARS

        def get_alg(self, name: str) -> Any:
            return _blinded(super().get_alg(name))

    return Registry(algorithms=[alg, enc], strict_check_header=False)


def _blinded(model: Any) -> Any:
    """Return the algorithm so that it never says whether a content key was there.

    RFC 7516 section 11.5 asks for that: what could not be decrypted is replaced by a random key, and the tag fails. joserfc
    takes a random key for one of the wrong size.
    """
    decrypt = getattr(model, "decrypt_cek", None)
    if decrypt is None:
        return model

    def decrypt_or_nothing(recipient: Any) -> bytes:
        try:
            found: bytes = decrypt(recipient)
        except Exception:
            return b""
        return found

    blind = copy.copy(model)
    blind.decrypt_cek = decrypt_or_nothing
    return blind
