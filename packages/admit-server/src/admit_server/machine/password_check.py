"""Comparing a password with a hash of any scheme that is known here. Slow on purpose; every scheme releases the interpreter."""

import base64
import hashlib
import hmac

import bcrypt
from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from ..domain.password_hash import Argon2Hash, BcryptHash, PasswordHash, Pbkdf2Hash, ScryptHash

# bcrypt reads so many bytes of a password; the systems whose hashes are imported cut theirs too.
_BCRYPT_READS = 72
_ARGON2 = {"argon2id": Type.ID, "argon2i": Type.I, "argon2d": Type.D}


def matches(hashed: PasswordHash, password: str) -> bool:
    """Whether the password belongs to the hash. Compares in constant time."""
    text = password.encode("utf-8", "surrogatepass")
    match hashed:
        case BcryptHash():
            return _bcrypt(hashed, text)
        case Argon2Hash():
            return _same(_argon2(hashed, text), hashed.key)
        case Pbkdf2Hash():
            made = hashlib.pbkdf2_hmac(hashed.digest, text, hashed.salt, hashed.iterations, len(hashed.key))
            return _same(made, hashed.key)
        case ScryptHash():
            return _same(_scrypt(hashed, text), hashed.key)


def _argon2(hashed: Argon2Hash, password: bytes) -> bytes:
    try:
        return hash_secret_raw(
            password,
            hashed.salt,
            hashed.passes,
            hashed.memory_kib,
            hashed.lanes,
            len(hashed.key),
            _ARGON2[hashed.variant],
            hashed.version,
        )
    except HashingError as error:
        # Out of memory, most likely: not a wrong password, and nothing that may pass as one.
        raise MemoryError(f"Argon2 failed: {error}") from error


def _bcrypt(hashed: BcryptHash, password: bytes) -> bool:
    match hashed.prepared:
        case "sha256-hex":
            password = hashlib.sha256(password).hexdigest().encode()
        case "sha256":
            password = base64.b64encode(hashlib.sha256(password).digest())
        case "hmac-sha256":
            password = base64.b64encode(hmac.digest(hashed.salt.encode(), password, "sha256"))
    if b"\x00" in password:
        return False  # crypt(3) ends a password there, so that another one would do as well
    # Python's library knows $2y$ by the name that others gave it.
    return bcrypt.checkpw(password[:_BCRYPT_READS], hashed.crypt.replace("$2y$", "$2b$", 1).encode())


def _scrypt(hashed: ScryptHash, password: bytes) -> bytes:
    length = 32 if hashed.firebase else len(hashed.key)
    # OpenSSL counts a little more than the memory of RFC 7914: the blocks of each lane, and their neighbours.
    memory = 1024 * hashed.memory_kib + 128 * hashed.r * (hashed.p + 3) + 65_536
    made = hashlib.scrypt(
        password, salt=hashed.salt, n=1 << hashed.log_n, r=hashed.r, p=hashed.p, maxmem=memory, dklen=length
    )
    if not hashed.firebase:
        return made
    # AES-256 in counter mode, from counter 0, over nothing: the stream under which Firebase hid its project's key.
    stream = Cipher(algorithms.AES(made), modes.CTR(bytes(16))).encryptor()
    return stream.update(bytes(len(hashed.key))) + stream.finalize()


def _same(one: bytes, other: bytes) -> bool:
    return hmac.compare_digest(one, other)
