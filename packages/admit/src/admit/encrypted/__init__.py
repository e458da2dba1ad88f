"""Encrypted tokens: a signed JWT within a JWE (RFC 7516; RFC 7519 section 5.2). Needs `pip install admit[jwe]`.

    key = EncryptionKey.generate("ECDH-ES")
    verifier = Verifier(issuer=..., audience=..., decryption_keys=[key])

The encryption keeps a token from being read on its way; who made it is proved by the signature within, and by nothing else.
"""

from admit.encrypted.keys import ALGORITHMS, ENCRYPTIONS, EncryptionKey
from admit.encrypted.opening import MAX_CHARS, Envelope, Opened, Opener, refuse_other_claims
from admit.encrypted.sealing import encrypt

__all__ = [
    "ALGORITHMS",
    "ENCRYPTIONS",
    "MAX_CHARS",
    "EncryptionKey",
    "Envelope",
    "Opened",
    "Opener",
    "encrypt",
    "refuse_other_claims",
]
