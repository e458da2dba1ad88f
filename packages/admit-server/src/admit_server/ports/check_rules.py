"""The port of the rules of `/check`."""

from dataclasses import dataclass
from typing import Protocol

from ..domain.check_rule import CheckRule
from ..domain.token_policy import TokenPolicy


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """A rule with what it refers to.

    Attributes:
        rule: The rule.
        limits: Those of its policy; None without one.
        upstream_enforces: The rule's resource was added with `--verifier admit`: who is behind the proxy counts by itself.
    """

    rule: CheckRule
    limits: TokenPolicy | None = None
    upstream_enforces: bool = False


class CheckRules(Protocol):
    """Rules. Their number is bounded, so that all of them can be read at once."""

    async def lock(self) -> None:
        """Let nobody else change rules until this unit has ended: what it reads afterwards stays true."""
        ...

    async def add(self, rule: CheckRule) -> None:
        """Raises:
        ReferenceViolation: The resource or the policy does not exist.
        """
        ...

    async def get(self, rule_id: str) -> CheckRule | None: ...

    async def all(self) -> list[RuleInForce]:
        """Every rule, in the order of their ids."""
        ...

    async def update(self, rule: CheckRule) -> bool:
        """Replace all but id and time of making; False when there is none of that id."""
        ...

    async def remove(self, rule_id: str) -> bool: ...
