"""What a verifier expects of every token."""

from __future__ import annotations

from dataclasses import dataclass

from admit.jose import SIGNING
from admit.jose.algorithms import current_name

MAX_LEEWAY_S = 60
"""The feed keeps revocations this much longer than the tokens live, so no verifier may be more generous."""

ACCESS_TOKEN_TYPE = "at+jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """Issuer and audience of good tokens, and how strictly they are read.

    Attributes:
        issuer: The exact `iss`.
        audience: The identifier of this resource; has to be among `aud`.
        algorithms: Names of allowed algorithms. None: those that the keys declare.
        leeway_s: How far clocks may differ, 0 to 60.
        types: Allowed `typ`, lower case without "application/". None in it allows tokens without `typ`.

    Raises:
        ValueError: On construction, with the value and the rule.
    """

    issuer: str
    audience: str
    algorithms: frozenset[str] | None = None
    leeway_s: int = 30
    types: frozenset[str | None] = frozenset({ACCESS_TOKEN_TYPE})

    def __post_init__(self) -> None:
        if not isinstance(self.issuer, str) or not self.issuer:
            raise ValueError(
                f"issuer must be the issuer's identifier as text, as in the claim iss; got {self.issuer!r}"
            )
        if not isinstance(self.audience, str) or not self.audience:
            raise ValueError(
                f"audience must be the identifier of this resource as one text, as in the claim aud; got {self.audience!r}"
            )
        if not isinstance(self.leeway_s, int | float) or not 0 <= self.leeway_s <= MAX_LEEWAY_S:
            raise ValueError(f"leeway_s must be 0..{MAX_LEEWAY_S} seconds, got {self.leeway_s!r}")
        if self.algorithms is not None:
            named = frozenset(current_name(name) for name in self.algorithms)
            if not named or not named <= SIGNING.keys():
                raise ValueError(
                    f"algorithms must be some of {', '.join(sorted(SIGNING))}; got {sorted(self.algorithms)}"
                )
            object.__setattr__(self, "algorithms", named)  # "EdDSA" is Ed25519 by its old name
