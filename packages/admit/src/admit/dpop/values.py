"""What is judged, what a good proof proves, and why a bad one is refused."""

from __future__ import annotations

from dataclasses import dataclass, field


class InvalidProof(ValueError):
    """A proof breaks a rule.

    Attributes:
        rule: Which one, in a few words.
        expected: What it asks for.
        found: What there was.
    """

    rule: str
    expected: str
    found: str

    def __init__(self, rule: str, *, expected: str, found: str) -> None:
        super().__init__(f"{rule}: expected {expected}, found {found}")
        self.rule, self.expected, self.found = rule, expected, found


class NonceWanted(InvalidProof):
    """The proof has to carry a nonce of this server, and has none that is good now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The request that a proof has to be about.

    Attributes:
        method: As sent, `htm`.
        url: The public address of the request, `htu`; a query does not matter.
        access_token: What it is shown with, at a resource; None at the token endpoint.
        jkt: The thumbprint that the token is bound to; None where it is about to be bound.
    """

    method: str
    url: str
    access_token: str | None = field(default=None, repr=False)
    jkt: str | None = None


@dataclass(frozen=True, slots=True)
class Proven:
    """What a good proof proves.

    Attributes:
        jkt: SHA-256 thumbprint of the key, base64url (RFC 7638).
        digest: Stands for this proof: key, `jti` and address. To be taken once.
        good_until: Until when it would be accepted again, seconds since 1970.
        next_nonce: A nonce for the client's next proof, where the one it used is getting old.
    """

    jkt: str
    digest: bytes
    good_until: int
    next_nonce: str | None = None
