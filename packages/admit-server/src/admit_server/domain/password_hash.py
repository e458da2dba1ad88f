"""Hashes of passwords as they are stored, our own and imported ones, with bounds on what it may cost to verify one.

Every stored text is in the PHC string format (https://github.com/P-H-C/phc-string-format) or, for bcrypt, in that of crypt(3).
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import ClassVar

from .errors import NotAllowed

# An imported hash is verified whenever anybody tries to guess the password, so its cost is a cost of ours. The bounds are beyond
# what OWASP and the makers of these schemes recommend today, and below what could keep a server busy: 256 MiB and some seconds.
MOST_MEMORY_KIB = 262_144
MOST_ARGON2_WORK_KIB = 1_048_576  # memory times passes
MOST_LANES = 16
MOST_SCRYPT_WORK_KIB = 524_288  # memory times parallelism: each lane is computed one after the other
MOST_BCRYPT_COST = 15
MOST_ITERATIONS = 5_000_000
# Fewer bits than this of a hash could be met by chance.
LEAST_KEY_BYTES = 16
MOST_BYTES = 1024

DIGESTS = {"sha1": 20, "sha256": 32, "sha512": 64}

_ARGON2 = re.compile(
    r"\$(argon2(?:id|i|d))\$v=(16|19)\$m=([0-9]{1,9}),t=([0-9]{1,9}),p=([0-9]{1,9})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)\Z"
)
_BCRYPT = re.compile(r"\$2[aby]\$([0-9][0-9])\$[./A-Za-z0-9]{53}\Z")
_PREPARED = re.compile(r"\$bcrypt-(sha256-hex|sha256|hmac-sha256)(\$2[aby]\$[0-9][0-9]\$[./A-Za-z0-9]{53})\Z")
_PBKDF2 = re.compile(r"\$pbkdf2-(sha1|sha256|sha512)\$i=([0-9]{1,9})\$([A-Za-z0-9+/]*)\$([A-Za-z0-9+/]+)\Z")
_SCRYPT = re.compile(
    r"\$(scrypt|firebase-scrypt)\$ln=([0-9]{1,3}),r=([0-9]{1,6}),p=([0-9]{1,6})\$([A-Za-z0-9+/]*)\$([A-Za-z0-9+/]+)\Z"
)


@dataclass(frozen=True, slots=True)
class Argon2Hash:
    """Argon2 (RFC 9106), with any parameters. `memory_kib` in KiB."""

    variant: str
    version: int
    memory_kib: int
    passes: int
    lanes: int
    salt: bytes
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _between("memory (KiB)", self.memory_kib, 8, MOST_MEMORY_KIB)
        _between("passes", self.passes, 1, MOST_ARGON2_WORK_KIB)
        _between("memory times passes (KiB)", self.memory_kib * self.passes, 8, MOST_ARGON2_WORK_KIB)
        _between("lanes", self.lanes, 1, MOST_LANES)
        if self.memory_kib < 8 * self.lanes:
            raise NotAllowed("Argon2 needs 8 KiB for each lane at least (RFC 9106 section 3.1).")
        _between("bytes of the salt", len(self.salt), 8, MOST_BYTES)
        _fits(self.key)

    @property
    def parameters(self) -> str:
        """What it costs, as text; the same for all hashes of one make."""
        cost = f"m={self.memory_kib},t={self.passes},p={self.lanes}"
        return f"${self.variant}$v={self.version}${cost}"

    def encode(self) -> str:
        """The text that is stored."""
        return f"{self.parameters}${_text(self.salt)}${_text(self.key)}"


@dataclass(frozen=True, slots=True)
class BcryptHash:
    """bcrypt: `crypt` is the text of crypt(3); `prepared` says what the password goes through first, '' for nothing.

    bcrypt itself reads 72 bytes of a password and no more. Who wanted longer ones hashed them before, each in their own way:
    Django (`sha256-hex`), passlib's first version (`sha256`), and its second one (`hmac-sha256`, under the salt).
    """

    crypt: str = field(repr=False)
    prepared: str = ""
    PREPARATIONS: ClassVar[tuple[str, ...]] = ("", "sha256-hex", "sha256", "hmac-sha256")

    def __post_init__(self) -> None:
        found = _BCRYPT.match(self.crypt)
        if found is None:
            raise NotAllowed("This is not a bcrypt hash of the kinds $2a$, $2b$ and $2y$.")
        _between("the cost of bcrypt", int(found[1]), 4, MOST_BCRYPT_COST)
        if self.prepared not in self.PREPARATIONS:
            raise NotAllowed(f"bcrypt after {self.prepared!r} is not known.")

    @property
    def parameters(self) -> str:
        """What it costs, as text; the same for all hashes of one make."""
        return f"{self._before}{self.crypt[:6]}"

    @property
    def salt(self) -> str:
        """The salt in bcrypt's own alphabet, 22 characters."""
        return self.crypt[7:29]

    def encode(self) -> str:
        """The text that is stored."""
        return self._before + self.crypt

    @property
    def _before(self) -> str:
        return f"$bcrypt-{self.prepared}" if self.prepared else ""


@dataclass(frozen=True, slots=True)
class Pbkdf2Hash:
    """PBKDF2 with HMAC (RFC 8018 section 5.2)."""

    digest: str
    iterations: int
    salt: bytes
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.digest not in DIGESTS:
            raise NotAllowed(f"PBKDF2 with {self.digest!r} is not known; {', '.join(DIGESTS)} are.")
        blocks = -(-len(self.key) // DIGESTS[self.digest])  # each is computed anew
        _between("iterations", self.iterations, 1, MOST_ITERATIONS)
        _between("iterations times blocks", self.iterations * blocks, 1, MOST_ITERATIONS)
        _between("bytes of the salt", len(self.salt), 0, MOST_BYTES)
        _fits(self.key)

    @property
    def parameters(self) -> str:
        """What it costs, as text; the same for all hashes of one make."""
        return f"$pbkdf2-{self.digest}$i={self.iterations}"

    def encode(self) -> str:
        """The text that is stored."""
        return f"{self.parameters}${_text(self.salt)}${_text(self.key)}"


@dataclass(frozen=True, slots=True)
class ScryptHash:
    """scrypt (RFC 7914). `log_n` is the binary logarithm of its N.

    With `firebase`, `key` is no output of scrypt but the first bytes of the AES-CTR stream under it: Firebase encrypts a key of the
    project with it, and whoever knows that key has the stream by one exclusive-or. So the project's key need not be stored.
    """

    log_n: int
    r: int
    p: int
    salt: bytes
    key: bytes = field(repr=False)
    firebase: bool = False

    def __post_init__(self) -> None:
        _between("the binary logarithm of N", self.log_n, 1, 24)
        _between("r", self.r, 1, 1 << 16)
        _between("p", self.p, 1, 1 << 16)
        _between("memory (KiB)", self.memory_kib, 0, MOST_MEMORY_KIB)
        _between("memory times p (KiB)", self.memory_kib * self.p, 0, MOST_SCRYPT_WORK_KIB)
        _between("bytes of the salt", len(self.salt), 0, MOST_BYTES)
        _fits(self.key)

    @property
    def memory_kib(self) -> int:
        """128 * N * r bytes (RFC 7914 section 2)."""
        return self.r * (1 << self.log_n) // 8

    @property
    def parameters(self) -> str:
        """What it costs, as text; the same for all hashes of one make."""
        return f"${'firebase-' if self.firebase else ''}scrypt$ln={self.log_n},r={self.r},p={self.p}"

    def encode(self) -> str:
        """The text that is stored."""
        return f"{self.parameters}${_text(self.salt)}${_text(self.key)}"


PasswordHash = Argon2Hash | BcryptHash | Pbkdf2Hash | ScryptHash


def parse(stored: str) -> PasswordHash:
    """Read a stored text.

    Raises:
        NotAllowed: Not a hash of these kinds, or one that would cost too much to verify, or too little of a hash.
    """
    if found := _ARGON2.match(stored):
        variant, version, memory, passes, lanes, salt, key = found.groups()
        return Argon2Hash(variant, int(version), int(memory), int(passes), int(lanes), from_text(salt), from_text(key))
    if _BCRYPT.match(stored):
        return BcryptHash(stored)
    if found := _PREPARED.match(stored):
        return BcryptHash(found[2], found[1])
    if found := _PBKDF2.match(stored):
        return Pbkdf2Hash(found[1], int(found[2]), from_text(found[3]), from_text(found[4]))
    if found := _SCRYPT.match(stored):
        kind, log_n, r, p, salt, key = found.groups()
        return ScryptHash(int(log_n), int(r), int(p), from_text(salt), from_text(key), kind == "firebase-scrypt")
    raise NotAllowed("This is not a hash of a kind that is known here.")


def stand_in(hashed: PasswordHash) -> PasswordHash:
    """A hash of the same cost that belongs to nobody: it tells how long this scheme takes, and nothing else."""
    match hashed:
        case Argon2Hash():
            salt, key = bytes(len(hashed.salt)), bytes(len(hashed.key))
            return Argon2Hash(hashed.variant, hashed.version, hashed.memory_kib, hashed.passes, hashed.lanes, salt, key)
        case BcryptHash():
            return BcryptHash(hashed.crypt[:7] + "." * 53, hashed.prepared)
        case Pbkdf2Hash():
            return Pbkdf2Hash(hashed.digest, hashed.iterations, bytes(len(hashed.salt)), bytes(len(hashed.key)))
        case ScryptHash():
            salt, key = bytes(len(hashed.salt)), bytes(len(hashed.key))
            return ScryptHash(hashed.log_n, hashed.r, hashed.p, salt, key, hashed.firebase)


def from_text(text: str) -> bytes:
    """The bytes of base64 in the standard alphabet, with or without padding.

    Raises:
        NotAllowed: It is none, or holds more than 1024 bytes.
    """
    if len(text) > 2 * MOST_BYTES:
        raise NotAllowed("A salt or hash is far longer than any.")
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise NotAllowed("A salt or hash is not base64.") from None


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


def _fits(key: bytes) -> None:
    _between("bytes of the hash", len(key), LEAST_KEY_BYTES, MOST_BYTES)


def _between(what: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise NotAllowed(f"A hash with {what} = {value}: from {least} to {most} are taken.")
