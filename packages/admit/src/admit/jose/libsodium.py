"""Ed25519 by libsodium, where PyNaCl is installed (`admit[fast]`): nearly twice as fast as OpenSSL.

Only its yes is believed: see `eddsa.checker`. libsodium refuses more than OpenSSL (keys and points R of small order, second
spellings of a key); whoever decided by its no would accept other tokens where it is installed than where it is not.
"""

from __future__ import annotations

from collections.abc import Callable


def checker(public: bytes) -> Callable[[bytes, bytes], bool] | None:
    """Return a function that says True for good signatures of this key (32 octets), or None without libsodium."""
    try:
        from nacl.bindings import crypto_sign_open
        from nacl.exceptions import CryptoError
    except ImportError:
        return None

    def check(signature: bytes, data: bytes) -> bool:
        # It takes signature and text in one piece, so a signature of another length would be cut elsewhere.
        if len(signature) != 64:
            return False
        try:
            crypto_sign_open(signature + data, public)
        except CryptoError:
            return False
        return True

    return check
