"""One envelope for everything sealed at rest or carried by the browser, under keys kept outside the database.

Bytes: version 1 | key id (8) | nonce (12) | AES-256-GCM ciphertext. What it belongs to (table/row/column, or a purpose) is the
associated data, so a sealed value can't be moved to another place.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_VERSION = b"\x01"
_ID_BYTES, _NONCE_BYTES = 8, 12
_HEADER = "admit-key-v1"
_MOST_MAC_KEYS = 256


class KeyFileInvalid(ValueError):
    """The key file is not one; the message says what is wrong with it, never what is in it."""


class NotSealedHere(ValueError):
    """The envelope was not sealed under these keys for this place, or was changed."""


@dataclass(frozen=True, slots=True)
class Vault:
    """The keys of the key file. The first seals; all open, so that a file can carry an old key during a change of keys."""

    _keys: Mapping[bytes, bytes] = field(repr=False)
    _first: bytes
    _ciphers: dict[bytes, AESGCM] = field(default_factory=dict, repr=False, compare=False)
    _mac_keys: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_keys(cls, keys: list[bytes]) -> "Vault":
        """A vault over these keys of 32 bytes, the sealing one first."""
        by_id = {_key_id(key): key for key in keys}
        return cls(by_id, next(iter(by_id)))

    @classmethod
    def parse(cls, text: str) -> "Vault":
        """Read a key file: lines `admit-key-v1 BASE64URL`, the sealing key first; `#` begins a comment.

        Raises:
            KeyFileInvalid: Another kind of line, a wrong length, or no key at all.
        """
        keys: list[bytes] = []
        for number, line in enumerate(text.splitlines(), 1):
            words = line.split("#", 1)[0].split()
            if not words:
                continue
            if len(words) != 2 or words[0] != _HEADER:
                raise KeyFileInvalid(f"line {number} is not '{_HEADER} KEY'")
            try:
                key = base64.b64decode(words[1] + "=" * (-len(words[1]) % 4), altchars=b"-_", validate=True)
            except ValueError:
                raise KeyFileInvalid(f"the key on line {number} is not base64url") from None
            if len(key) != KEY_BYTES:
                raise KeyFileInvalid(f"the key on line {number} has {len(key)} bytes instead of {KEY_BYTES}")
            keys.append(key)
        if not keys:
            raise KeyFileInvalid("it holds no key")
        return cls.from_keys(keys)

    @staticmethod
    def format(key: bytes) -> str:
        """The text of a new key file."""
        return (
            "# The key of this Admit installation. Whoever has it and the database can read its private keys.\n"
            "# Keep a copy in a safe place: without it the signing keys in the database are lost.\n"
            f"{_HEADER} {base64.urlsafe_b64encode(key).rstrip(b'=').decode()}\n"
        )

    @property
    def key_ids(self) -> list[str]:
        """Names of the keys, the sealing one first."""
        return [key_id.hex() for key_id in self._keys]

    def seal(self, plaintext: bytes, *, place: str, nonce: bytes) -> bytes:
        """Seal for one place.

        Args:
            plaintext: What to keep.
            place: `table/row/column`, or the name of a purpose; needed again to open.
            nonce: 12 random bytes.
        """
        if len(nonce) != _NONCE_BYTES:
            raise ValueError("a nonce has 12 bytes")
        return _VERSION + self._first + nonce + self._cipher(self._first).encrypt(nonce, plaintext, place.encode())

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """Open an envelope that was sealed for this place.

        Raises:
            NotSealedHere: Another place, another key, or changed.
        """
        key_id, nonce, body = _take_apart(sealed)
        if key_id not in self._keys:
            raise NotSealedHere(f"sealed under key {key_id.hex()}, which the key file does not hold")
        try:
            return self._cipher(key_id).decrypt(nonce, body, place.encode())
        except InvalidTag:
            raise NotSealedHere("the envelope was changed, or belongs to another place") from None

    def seal_under(self, token: str, plaintext: bytes, *, row: str, nonce: bytes) -> bytes:
        """Seal so that only the holder of `token`, together with this server, can open it."""
        cipher = AESGCM(self._derive(self._first, token.encode(), row.encode()))
        return _VERSION + self._first + nonce + cipher.encrypt(nonce, plaintext, row.encode())

    def open_under(self, token: str, sealed: bytes, *, row: str) -> bytes:
        """Open what `seal_under` sealed.

        Raises:
            NotSealedHere: Another token, row or key, or changed.
        """
        key_id, nonce, body = _take_apart(sealed)
        if key_id not in self._keys:
            raise NotSealedHere(f"sealed under key {key_id.hex()}, which the key file does not hold")
        try:
            return AESGCM(self._derive(key_id, token.encode(), row.encode())).decrypt(nonce, body, row.encode())
        except InvalidTag:
            raise NotSealedHere("the envelope was changed, or belongs to another token") from None

    def mac(self, purpose: str, message: bytes) -> bytes:
        """HMAC-SHA-256 under a key of its own for each purpose (throttle counters, form tokens)."""
        key = self._mac_keys.get(purpose)
        if key is None:
            key = self._derive(self._first, b"mac", purpose.encode())
            # Purposes are few, and written in the code; the bound is for whoever forgets that.
            if len(self._mac_keys) < _MOST_MAC_KEYS:
                self._mac_keys[purpose] = key
        return hmac.digest(key, message, "sha256")

    def keys_for(self, purpose: str) -> dict[str, bytes]:
        """A key of its own for a purpose, from each key of the file, the sealing one first; by the names of `key_ids`."""
        return {key_id.hex(): self._derive(key_id, b"key", purpose.encode()) for key_id in self._keys}

    def _cipher(self, key_id: bytes) -> AESGCM:
        """The cipher of envelopes under one key of the file, made once."""
        if key_id not in self._ciphers:
            self._ciphers[key_id] = AESGCM(self._derive(key_id, b"envelope"))
        return self._ciphers[key_id]

    def _derive(self, key_id: bytes, secret: bytes, info: bytes = b"") -> bytes:
        # RFC 5869. The key file's key is the salt or the secret; both ways nothing follows from the database alone.
        return HKDF(SHA256(), KEY_BYTES, salt=self._keys[key_id], info=b"admit " + info).derive(secret)


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"admit key id" + key).digest()[:_ID_BYTES]


def _take_apart(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    if sealed[:1] != _VERSION or len(sealed) < 1 + _ID_BYTES + _NONCE_BYTES + 16:
        raise NotSealedHere("this is no envelope")
    at = 1 + _ID_BYTES
    return sealed[1:at], sealed[at : at + _NONCE_BYTES], sealed[at + _NONCE_BYTES :]
