"""What applies to a user, a client and a resource, and which rule set each limit."""

from dataclasses import dataclass

from ...domain.applied_rule import labelled
from ...domain.client import Resource, TokenFormat
from ...domain.token_policy import LimitOrigin, TokenPolicy, combine, origins
from ..effective import rules_of, token_format
from ..runtime import Runtime
from . import clients, resources, users


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """All rules to the strictest.

    Attributes:
        rules: The names of the rules that apply, whether or not they set anything.
        limits: Each limit, with the rules that set it.
        policy: The combination.
        format: Of the tokens, where a resource is named. `format_because`: what decided that.
    """

    rules: tuple[str, ...]
    limits: tuple[LimitOrigin, ...]
    policy: TokenPolicy
    format: TokenFormat | None = None
    format_because: str | None = None


async def effective(*, user: str | None, client: str | None, resource: str | None, rt: Runtime) -> Effective:
    """Combine what applies; who is not named adds no rule. `user`, `client`: id or name.

    Raises:
        NotFound: One of them does not exist.
    """
    whose = await users.find(user, rt=rt) if user is not None else None
    asking = await clients.find(client, rt=rt) if client is not None else None
    target = await resources.find(resource, rt=rt) if resource is not None else None
    rules = await rules_of(rt.store.read, rt, client=asking, resource=target, user=whose)
    policy = combine(labelled(rules))
    return Effective(
        rules=tuple(rule.label for rule in rules),
        limits=tuple(origins(labelled(rules))),
        policy=policy,
        format=token_format(policy, target) if target is not None else None,
        format_because=_because(policy, target) if target is not None else None,
    )


def _because(policy: TokenPolicy, resource: Resource) -> str:
    if policy.format == "opaque":
        return "a policy says --format opaque"
    if token_format(policy, resource) == resource.format:
        return f"the resource says --format {resource.format}"
    return "its verifier is not known to enforce these limits (--verifier admit)"
