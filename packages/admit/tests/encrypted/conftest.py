"""Keys for encrypted tokens: one of every algorithm, made once."""

import pytest

from admit.encrypted import EncryptionKey

MAKING = {
    "dir": {"encryptions": ["A256GCM"]},
    "A256KW": {},
    "ECDH-ES": {},
    "ECDH-ES+A256KW": {"crv": "P-521"},
    "RSA-OAEP-256": {},
}


@pytest.fixture(scope="session")
def keys():
    """Algorithm -> private key."""
    return {alg: EncryptionKey.generate(alg, kid=f"key of {alg}", **more) for alg, more in MAKING.items()}
