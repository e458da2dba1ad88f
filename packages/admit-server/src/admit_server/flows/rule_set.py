"""All rules of `/check`, compiled: which one decides about a request."""

from collections.abc import Callable
from dataclasses import dataclass, field

from admit.limits import InvalidLimit, Limits
from admit.limits.entries import actions, path_pattern

from ..domain.check_request import ForwardedRequest, key_of
from ..domain.check_rule import LIMITS_OF_A_PUBLIC_RULE, LIMITS_OF_A_RULE, specificity
from ..domain.errors import NotAllowed
from ..domain.token_policy import TokenPolicy
from ..ports.check_rules import RuleInForce

Matches = Callable[[str], object]


def path_matcher(pattern: str) -> Matches:
    """What a path pattern matches, of keys (`domain.check_request.key_of`). Its syntax is that of actions.

    Raises:
        NotAllowed: It is not written as it has to be.
    """
    if not pattern.startswith("/"):
        raise NotAllowed(f'The path {pattern!r} has to begin with a slash, such as "/orders/*" or "/files/**".')
    try:
        actions(frozenset({f"* {pattern}"}))
        matches = path_pattern(key_of(pattern), pattern)
    except InvalidLimit as error:
        # It was read as a part of an action, and nobody wrote its method.
        raise NotAllowed(f"The path {error}.".replace(f"* {pattern}", pattern)) from None
    if not pattern.rstrip("/").endswith("**"):
        return matches
    # "/x/**" is "/x" too: to many programs a slash at the end makes no difference, so no rule may tell them apart.
    return lambda key: matches(f"{key}/")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule in force, with the limits of its policy that concern the request itself; None: they can't be read on this machine."""

    in_force: RuleInForce
    limits: Limits | None


@dataclass(frozen=True, slots=True)
class _Place:
    matches: Matches
    rules: tuple[Compiled, ...]


class RuleSet:
    """The rules of one moment. Replaced as a whole when they have changed.

    Attributes:
        rules: As they were read.
    """

    def __init__(self, rules: list[RuleInForce]) -> None:
        """Raises:
        NotAllowed: A path is not written as it has to be.
        """
        self.rules = rules
        grouped: dict[tuple[str, str], list[Compiled]] = {}
        for each in rules:
            grouped.setdefault(each.rule.place, []).append(compiled(each))
        self._places = tuple(
            _Place(path_matcher(grouped[place][0].in_force.rule.path), tuple(grouped[place]))
            for place in sorted(grouped, key=specificity)
        )

    def decide(self, request: ForwardedRequest) -> Compiled | None:
        """The one rule that decides, or None: then the request is refused.

        The most specific host and path that match decide alone. If none of their rules is for the method, no other place is asked:
        whoever writes a rule for POST of one path does not mean that a wider rule lets DELETE in there.
        """
        for place in self._places:
            rules = place.rules
            if rules[0].in_force.rule.matches_host(request.host) and place.matches(request.key):
                # HEAD follows GET, as in HTTP (RFC 9110 section 9.3.2), unless a rule names it.
                wanted = (request.method, "GET") if request.method == "HEAD" else (request.method,)
                for method in wanted:
                    for each in rules:
                        if method in each.in_force.rule.methods:
                            return each
                return next((each for each in rules if not each.in_force.rule.methods), None)
        return None


@dataclass(slots=True)
class RuleHolder:
    """The rules of now. None: they are not known, and have to be read before anything is decided."""

    current: RuleSet | None = field(default=None)


def compiled(in_force: RuleInForce) -> Compiled:
    """A rule with its limits made ready."""
    return Compiled(in_force, _readable(in_force.limits))


def _readable(policy: TokenPolicy | None) -> Limits | None:
    try:
        return limits_of_request(policy)
    except NotAllowed:
        return None


def limits_of_request(policy: TokenPolicy | None) -> Limits:
    """Networks and hours of a rule's policy.

    Raises:
        NotAllowed: One is not written as it has to be.
    """
    if policy is None:
        return Limits()
    try:
        return Limits(networks=policy.networks, hours=policy.hours)
    except InvalidLimit as error:
        raise NotAllowed(f"The limit {error}.") from None


def check_policy(limits: TokenPolicy, *, name: str, public: bool) -> None:
    """Refuse a policy with limits that a rule can't ask for.

    Raises:
        NotAllowed: It has one.
    """
    allowed = LIMITS_OF_A_PUBLIC_RULE if public else LIMITS_OF_A_RULE
    if unkept := sorted(set(limits.as_dict()) - allowed):
        words = ", ".join(_flag(each) for each in unkept)
        kept = ", ".join(_flag(each) for each in sorted(allowed))
        raise NotAllowed(
            f"The policy {name!r} has {words}: that is decided when a token is issued, not by a rule. "
            f"{'A public rule' if public else 'A rule'} takes {kept}."
        )
    limits_of_request(limits)


def _flag(field: str) -> str:
    name = {"actions": "action", "networks": "network"}.get(field, field)
    return f"--{name.removesuffix('_s').replace('_', '-')}"
