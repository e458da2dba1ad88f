"""The rules by which a grant's policy came about, kept with it: so that one can ask later what another policy would have meant."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .token_policy import TokenPolicy, combine


@dataclass(frozen=True, slots=True)
class AppliedRule:
    """One rule that applied.

    Attributes:
        who: Whose it is: "server", "client App", "this issue".
        limits: What it limited then.
        policy: The name of the policy behind it; None for the server's default, and for limits without a name.
    """

    who: str
    limits: TokenPolicy
    policy: str | None = None

    @property
    def label(self) -> str:
        """The name by which an administrator knows it."""
        return self.who if self.policy is None else f"{self.who} (policy {self.policy})"


Rules = tuple[AppliedRule, ...]


def labelled(rules: Iterable[AppliedRule]) -> list[tuple[str, TokenPolicy]]:
    """As `token_policy.combine` and `token_policy.origins` take them."""
    return [(rule.label, rule.limits) for rule in rules]


def names(rules: Rules, policy: str) -> bool:
    """Whether one of the rules is that policy."""
    return any(rule.policy == policy for rule in rules)


def combined_with(rules: Rules, policy: str, limits: TokenPolicy) -> TokenPolicy:
    """All rules to the strictest, with other limits under the name of a policy."""
    return combine((rule.who, limits if rule.policy == policy else rule.limits) for rule in rules)


def as_list(rules: Rules) -> list[list[Any]]:
    """As JSON values."""
    return [[rule.who, rule.policy, rule.limits.as_dict()] for rule in rules]


def from_list(values: Iterable[list[Any]]) -> Rules:
    """Read what `as_list` wrote."""
    return tuple(AppliedRule(who, TokenPolicy.from_dict(limits), policy) for who, policy, limits in values)
