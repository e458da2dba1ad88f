"""Which policy a token is issued by: server & resource & client & roles & user & this issue, to the strictest."""

from dataclasses import dataclass, replace

from admit.limits import InvalidLimit, Limits

from ..domain.applied_rule import AppliedRule, Rules, labelled
from ..domain.client import Client, Resource, TokenFormat
from ..domain.errors import NotAllowed, NotFound
from ..domain.grant import Grant
from ..domain.token_policy import BoundedPolicy, TokenPolicy, combine
from ..domain.user import User
from ..ports.transaction import Tx
from .runtime import Runtime


@dataclass(frozen=True, slots=True)
class Applied:
    """What a grant is issued by, and the rules from which that came about."""

    policy: BoundedPolicy
    rules: Rules


async def rules_of(
    tx: Tx, rt: Runtime, *, client: Client | None = None, resource: Resource | None = None, user: User | None = None
) -> Rules:
    """The rules that apply, each with the name by which an administrator knows it."""
    rules = [AppliedRule("server", rt.default_policy)]
    wanted: list[tuple[str, str | None]] = []
    if resource is not None:
        wanted.append((f"resource {resource.audience}", resource.policy))
    if client is not None:
        wanted.append((f"client {client.name}", client.policy))
    if user is not None:
        for role in await tx.roles.of(user.roles):
            wanted.append((f"role {role.name}", role.policy))
        wanted.append((f"user {user.username}", await tx.users.policy_of(user.id)))
    for who, name in wanted:
        if name is not None:
            policy = await tx.policies.get(name)
            if (
                policy is None
            ):  # the database's references forbid it; to issue without these limits would be worse than not to issue
                raise NotFound(f"The policy {name!r} of {who} is gone.")
            rules.append(AppliedRule(who, policy, name))
    return tuple(rules)


async def effective_policy(
    tx: Tx,
    rt: Runtime,
    *,
    client: Client,
    resource: Resource | None,
    user: User | None = None,
    issue: Rules = (),
) -> Applied:
    """All rules, and the limits of this single issue, to the strictest."""
    rules = await rules_of(tx, rt, client=client, resource=resource, user=user) + issue
    return Applied(combine(labelled(rules)).bounded(), rules)


def this_issue(limits: TokenPolicy | None, policy: str | None = None) -> Rules:
    """The limits of a single issue as a rule; none where there are none. `policy`: their name, if they have one."""
    return () if limits is None else (AppliedRule("this issue", limits, policy),)


_UNLIMITED = Limits()


def limits_of(policy: TokenPolicy) -> Limits:
    """What the resource has to enforce of a policy.

    Raises:
        NotAllowed: An action, network or time window is not written as it has to be.
    """
    if not policy.enforced_by_resource:
        return _UNLIMITED
    try:
        return Limits(
            actions=policy.actions,
            networks=policy.networks,
            hours=policy.hours,
            max_uses=policy.max_uses,
            idle_timeout_s=policy.idle_timeout_s,
        )
    except InvalidLimit as error:
        raise NotAllowed(f"The limit {error}.") from None


def limits_of_grant(grant: Grant) -> Limits:
    """What the resource has to enforce of the tokens of a grant: its policy, and the body of its transaction."""
    limits = limits_of(grant.policy)
    return limits if grant.transaction is None else replace(limits, body_sha256=grant.transaction.body_sha256)


def token_format(policy: TokenPolicy, resource: Resource) -> TokenFormat:
    """A JWT only where nothing would be ignored: its verifier knows our limits, or there are none for it to enforce."""
    if policy.format == "opaque" or resource.format == "opaque":
        return "opaque"
    return "opaque" if policy.enforced_by_resource and resource.verifier != "admit" else "jwt"
