"""The keys of the audit: one that seals segments, and one that signs what others should be able to check.

Both follow from the key file, so the database alone is never enough to make a seal. The seal is an HMAC: cheap, and whoever can check
it could make it. The signature is Ed25519: its public key can be given to anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ..domain.audit_chain import Mark, Segment, mac, statement
from .envelope import Vault

SEALS = "audit log seal"
SIGNS = "audit log signature"
SECRET_HEADER = "admit-audit-key-v1"
PUBLIC_HEADER = "admit-audit-public-key-v1"


@dataclass(frozen=True)
class AuditKeys:
    """The audit's keys under each key of the key file, by its name; the first one seals."""

    seals: Mapping[str, bytes] = field(repr=False)
    _seeds: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def of(cls, vault: Vault) -> "AuditKeys":
        """Derive them."""
        return cls(vault.keys_for(SEALS), vault.keys_for(SIGNS))

    @property
    def key_id(self) -> str:
        """Names the key in use."""
        return next(iter(self.seals))

    def seal(self, segment: Segment, *, installation: str) -> Segment:
        """A segment with its seal, under the key that it names."""
        return segment.sealed(installation, self.seals[segment.key_id])

    def sign(self, document: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """Seal and signature of a document, under the key that it names as `key`."""
        message, key_id = statement(document), str(document["key"])
        return mac(message, self.seals[key_id]), self._private[key_id].sign(message)

    def signed(self, mark: Mark) -> Mark:
        """A mark with its seal and signature."""
        seal, signature = self.sign(mark.document())
        return replace(mark, mac=seal, signature=signature)

    def genuine(self, mark: Mark) -> bool:
        """Whether seal and signature of a mark are ours."""
        if mark.key_id not in self.seals:
            return False
        message = statement(mark.document())
        try:
            self._private[mark.key_id].public_key().verify(mark.signature, message)
        except InvalidSignature:
            return False
        return mac(message, self.seals[mark.key_id]) == mark.mac

    def secret_text(self) -> str:
        """A file for those who check seals. Whoever has it could also make seals, but no signatures."""
        return "".join(f"{SECRET_HEADER} {name} {key.hex()}\n" for name, key in self.seals.items())

    def public_text(self) -> str:
        """A file for those who check signatures. No secret is in it."""
        lines = (
            f"{PUBLIC_HEADER} {name} {key.public_key().public_bytes_raw().hex()}\n"
            for name, key in self._private.items()
        )
        return "".join(lines)

    @cached_property
    def _private(self) -> Mapping[str, Ed25519PrivateKey]:
        return {name: Ed25519PrivateKey.from_private_bytes(seed) for name, seed in self._seeds.items()}
