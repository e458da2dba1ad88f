"""Attaching policies: to a client, a person, a resource; and how a resource's tokens are checked."""

from dataclasses import dataclass, field, replace

from ...domain.client import Client, Resource, TokenFormat, Verifier
from ...domain.errors import NotAllowed, NotFound
from ...domain.transaction import TransactionType
from ...domain.user import User
from ...ports.transaction import Tx
from ..runtime import Caller, Runtime
from . import clients, policies, resources, users


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChange:
    """What to change of a resource. None, or nothing for `drop_...`: leave as it is. `transactions` are added or replaced."""

    policy: str | None = None
    drop_policy: bool = False
    format: TokenFormat | None = None
    verifier: Verifier | None = None
    drop_verifier: bool = False
    transactions: dict[str, TransactionType] = field(default_factory=dict)
    drop_transactions: tuple[str, ...] = ()
    personal_tokens: bool | None = None


async def to_client(name: str, policy: str | None, *, rt: Runtime, caller: Caller) -> Client:
    """Attach a policy to a client, or none. Sign-ins from now on obey it; grants that exist keep their limits.

    Raises:
        NotFound: The client or the policy does not exist.
    """
    client, now = await clients.find(name, rt=rt), rt.clock()
    event = rt.event(
        "client.updated", client.id, actor=caller.actor, caller=caller, now=now, details={"policy": policy or ""}
    )

    async def unit(tx: Tx) -> None:
        if policy is not None:
            await policies.require(tx, policy)
        await tx.clients.set_policy(client.id, policy)
        await tx.audit.append(event)

    await rt.store.write(unit)
    return replace(client, policy=policy)


async def to_user(name: str, policy: str | None, *, rt: Runtime, caller: Caller) -> User:
    """Attach a policy to a person, or none. Sign-ins from now on obey it; grants that exist keep their limits.

    Raises:
        NotFound: The person or the policy does not exist.
    """
    user, now = await users.find(name, rt=rt), rt.clock()
    event = rt.event(
        "user.updated", user.id, actor=caller.actor, caller=caller, now=now, details={"policy": policy or ""}
    )

    async def unit(tx: Tx) -> None:
        if policy is not None:
            await policies.require(tx, policy)
        await tx.users.set_policy(user.id, policy, now=now)
        await tx.audit.append(event)

    await rt.store.write(unit)
    return user


async def to_resource(audience: str, change: ResourceChange, *, rt: Runtime, caller: Caller) -> Resource:
    """Change policy, format or verifier of a resource, for grants from now on.

    Raises:
        NotAllowed: A format that there is not, or a change that contradicts itself.
        NotFound: The resource or the policy does not exist.
    """
    if (change.policy is not None and change.drop_policy) or (change.verifier is not None and change.drop_verifier):
        raise NotAllowed("A policy or verifier can't be set and taken away at once.")
    if change.format not in (None, "jwt", "opaque"):
        raise NotAllowed(f"A token's format is jwt or opaque, not {change.format!r}.")
    now = rt.clock()
    resources.check_transactions(change.transactions)

    async def unit(tx: Tx) -> Resource:
        found = await resources.require(tx, audience)
        if change.policy is not None:
            await policies.require(tx, change.policy)
        changed = replace(
            found,
            policy=None if change.drop_policy else change.policy or found.policy,
            format=change.format or found.format,
            verifier=None if change.drop_verifier else change.verifier or found.verifier,
            transactions=_transactions(found, change),
            personal_tokens=found.personal_tokens if change.personal_tokens is None else change.personal_tokens,
        )
        await tx.resources.update(changed)
        await tx.audit.append(replace(event, details=_details(changed)))
        return changed

    event = rt.event("resource.updated", audience, actor=caller.actor, caller=caller, now=now)
    return await rt.store.write(unit)


def _transactions(found: Resource, change: ResourceChange) -> dict[str, TransactionType]:
    types = found.transactions | change.transactions
    for name in change.drop_transactions:
        if name not in found.transactions:
            raise NotFound(f"The resource {found.audience} has no transaction {name!r}.")
        del types[name]
    return resources.check_transactions(types)


def _details(resource: Resource) -> dict[str, str | int | bool | None]:
    return {
        "policy": resource.policy or "",
        "format": resource.format,
        "verifier": resource.verifier or "",
        "transactions": " ".join(sorted(resource.transactions)),
        "personal_tokens": resource.personal_tokens,
    }
