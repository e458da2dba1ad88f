"""Sign-in rules: who, where, and for what more has to be proven than everybody has to."""

import ipaddress
import re
from dataclasses import dataclass

from .errors import NotAllowed
from .requirement import Requirement, parse_requirement, together

MOST_RULES = 200
NEW_DEVICE = "new-device"
RISKS = (NEW_DEVICE,)
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRule:
    """What has to be proven where all of its conditions hold. Times are seconds, UTC.

    Attributes:
        name: What the administrator calls it.
        requires: See `domain.requirement`.
        client_id: Only for sign-ins to this client.
        audience: Only for tickets to this resource.
        role: Only for people of this role.
        network: Only from addresses inside this network.
        outside: Only from addresses outside this network, or whose address is not known.
        risk: Only where this is so; `new-device`: the person never signed in with this browser or app.
    """

    name: str
    requires: str
    client_id: str | None = None
    audience: str | None = None
    role: str | None = None
    network: str | None = None
    outside: str | None = None
    risk: str | None = None
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Of a sign-in: for what, by whom, from where. `address`: '' where it is not known."""

    client_id: str | None = None
    audience: str | None = None
    roles: tuple[str, ...] = ()
    address: str = ""
    new_device: bool = True


def check_sign_in_rule(rule: SignInRule) -> SignInRule:
    """Return the rule.

    Raises:
        NotAllowed: A name, requirement, network or risk that can't be one.
    """
    if not _NAME.match(rule.name):
        raise NotAllowed(f"A rule's name is a lower-case word such as 'admins', not {rule.name!r}.")
    parse_requirement(rule.requires)
    for network in (rule.network, rule.outside):
        if network is not None:
            try:
                ipaddress.ip_network(network)
            except ValueError:
                raise NotAllowed(f"{network!r} is no network; write it as '10.0.0.0/8' or '2001:db8::/32'.") from None
    if rule.risk is not None and rule.risk not in RISKS:
        raise NotAllowed(f"{rule.risk!r} is no risk that is known here; there is {', '.join(RISKS)}.")
    if rule.risk is not None and (rule.client_id is not None or rule.audience is not None):
        raise NotAllowed(
            "A new device is new once: after a sign-in to another client it is known. Leave out the client and the resource."
        )
    return rule


def matches(rule: SignInRule, situation: Situation) -> bool:
    """Whether every condition of the rule holds."""
    return (
        rule.client_id in (None, situation.client_id)
        and rule.audience in (None, situation.audience)
        and (rule.role is None or rule.role in situation.roles)
        and (rule.network is None or _inside(situation.address, rule.network))
        # An address that is not known may be anywhere.
        and (rule.outside is None or not _inside(situation.address, rule.outside))
        and (rule.risk is None or situation.new_device)
    )


def required(default: str, rules: list[SignInRule], situation: Situation) -> tuple[Requirement, list[SignInRule]]:
    """What has to be proven: the default and every rule that matches, all of them. No rule can make another one weaker."""
    found = [rule for rule in rules if matches(rule, situation)]
    return together([parse_requirement(text) for text in (default, *(rule.requires for rule in found))]), found


def _inside(address: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network)
    except ValueError:
        return False
