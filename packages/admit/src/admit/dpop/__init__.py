"""Proofs of possession at the application layer (DPoP, RFC 9449): check them, make them, and know them again.

Stands on `admit.jose` alone, so that library and server judge proofs by the same rules.
"""

from admit.dpop.addresses import normalised
from admit.dpop.making import ProofKey
from admit.dpop.nonces import Nonces
from admit.dpop.proofs import (
    ALGORITHMS,
    LASTS_S,
    access_token_hash,
    by_bound_key,
    check,
)
from admit.dpop.replays import Replays, TooManyProofs
from admit.dpop.values import InvalidProof, NonceWanted, Proven, Request

__all__ = [
    "ALGORITHMS",
    "LASTS_S",
    "InvalidProof",
    "NonceWanted",
    "Nonces",
    "ProofKey",
    "Proven",
    "Replays",
    "Request",
    "TooManyProofs",
    "access_token_hash",
    "by_bound_key",
    "check",
    "normalised",
]
