"""Tests of your own API: real keys, real signatures, no server and no network.

    def test_items(client, admit_tokens, assert_protected):       # fixtures of pytest that come with the library
        admit_tokens.protects(auth)
        assert client.get("/items", headers=admit_tokens.bearer("alice", scopes="items:read")).status_code == 200
        assert_protected(client, "GET", "/items", scopes=["items:read"])

Without pytest:

    with TestIssuer().protecting(auth) as tokens:
        assert_protected(client, "GET", "/items", scopes=["items:read"])
"""

from admit.dpop import ProofKey
from admit.testing.attacks import Attack, attacks
from admit.testing.issuing import TestIssuer
from admit.testing.protection import Unprotected, assert_protected

__all__ = ["Attack", "ProofKey", "TestIssuer", "Unprotected", "assert_protected", "attacks"]
