"""A realm as a file: policies, roles, resources, clients, what people may, and what sign-ins prove.

Never a secret, and nothing that is built in.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ...domain.administration import ADMIN_ROLE, api_audience
from ...domain.client import Client, Resource
from ...domain.errors import NotAllowed
from ...domain.sign_in_rule import SignInRule
from ...domain.transaction import TransactionType
from ...ports.roles import Role
from ..runtime import Runtime
from . import clients, policies, resources, roles, sign_in_rules, users
from .client_rules import is_built_in
from .fitting import DoesNotFit, fit
from .written_limits import Limits, written

Words = tuple[str, ...]


class _Entry(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    pass


class RoleEntry(_Entry):
    """A role with a meaning of its own."""

    scopes: Words = ()
    policy: str | None = None


class TransactionEntry(_Entry):
    """What people approve one by one."""

    action: str
    text: str


class ResourceEntry(_Entry):
    """A resource. `client`: the name of the client that may introspect its tokens."""

    scopes: dict[str, str] = msgspec.field(default_factory=dict)
    format: Literal["jwt", "opaque"] = "jwt"
    policy: str | None = None
    verifier: Literal["admit"] | None = None
    client: str | None = None
    personal_tokens: bool = False
    transactions: dict[str, TransactionEntry] = msgspec.field(default_factory=dict)


class ClientEntry(_Entry):
    """A client. Without `grant_types`, `scopes` or `policy` it has what fits the rest; `policy = ""`: none."""

    client_id: str | UnsetType = UNSET
    kind: Literal["public", "confidential"] = "confidential"
    first_party: bool = False
    redirect_uris: Words = ()
    post_logout_redirect_uris: Words = ()
    audiences: Words = ()
    scopes: Words | UnsetType = UNSET
    grant_types: Words | UnsetType = UNSET
    policy: str | UnsetType = UNSET
    pkce_required: bool = True


class SignInRuleEntry(_Entry):
    """What has to be proven where all the rest holds. `client`: its name."""

    requires: str
    client: str | None = None
    resource: str | None = None
    role: str | None = None
    network: str | None = None
    outside: str | None = None
    risk: str | None = None


class UserEntry(_Entry):
    """What somebody may. What is not named stays; `policy = ""` or `email = ""`: none."""

    roles: Words | UnsetType = UNSET
    policy: str | UnsetType = UNSET
    email: str | UnsetType = UNSET


class Realm(_Entry):
    """Each kind by name. A kind that is not there is not looked at."""

    policies: dict[Annotated[str, Meta(min_length=1)], Limits] | UnsetType = UNSET
    roles: dict[str, RoleEntry] | UnsetType = UNSET
    resources: dict[str, ResourceEntry] | UnsetType = UNSET
    clients: dict[str, ClientEntry] | UnsetType = UNSET
    sign_in_rules: dict[str, SignInRuleEntry] | UnsetType = UNSET
    users: dict[str, UserEntry] | UnsetType = UNSET


def read(document: dict[str, Any]) -> Realm:
    """The realm that a file describes.

    Raises:
        NotAllowed: A member is unknown or does not fit; names it.
    """
    try:
        return fit(document, Realm, what="file")
    except DoesNotFit as error:
        raise NotAllowed(str(error)) from None


async def present(rt: Runtime) -> Realm:
    """The realm as it is now, users only where a role or a policy is theirs. To apply it changes nothing."""
    named = {client.id: client.name for client in await _every(clients.page, rt)}
    found_users: dict[str, UserEntry] = {}
    for user in await _every(users.page, rt):
        policy = await users.policy_of(user, rt=rt)
        if user.roles or policy:
            found_users[user.username] = UserEntry(roles=user.roles, policy=policy or UNSET)
    api = api_audience(rt.issuer)
    return Realm(
        policies={policy.name: written(policy.limits) for policy in await policies.every(rt=rt)},
        roles={role.name: role_entry(role) for role in await _every(roles.page, rt) if role.name != ADMIN_ROLE},
        resources={
            one.audience: resource_entry(one, named) for one in await _every(resources.page, rt) if one.audience != api
        },
        clients={one.name: client_entry(one) for one in await _every(clients.page, rt) if not is_built_in(one)},
        sign_in_rules={rule.name: sign_in_rule_entry(rule, named) for rule in await sign_in_rules.every(rt=rt)},
        users=found_users,
    )


def role_entry(role: Role) -> RoleEntry:
    """A role as it is written."""
    return RoleEntry(scopes=tuple(sorted(role.scopes)), policy=role.policy)


def resource_entry(resource: Resource, named: dict[str, str]) -> ResourceEntry:
    """A resource as it is written. `named`: the clients' names by their ids."""
    return ResourceEntry(
        scopes=resource.scopes,
        format=resource.format,
        policy=resource.policy,
        verifier=resource.verifier,
        client=named.get(resource.client_id or ""),
        personal_tokens=resource.personal_tokens,
        transactions={
            name: TransactionEntry(action=each.action, text=each.text) for name, each in resource.transactions.items()
        },
    )


def client_entry(client: Client) -> ClientEntry:
    """A client as it is written, with everything that would be chosen for it written out."""
    return ClientEntry(
        client_id=client.id,
        kind=client.kind,
        first_party=client.first_party,
        redirect_uris=client.redirect_uris,
        post_logout_redirect_uris=client.post_logout_redirect_uris,
        audiences=client.audiences,
        scopes=tuple(sorted(client.scopes)),
        grant_types=tuple(sorted(client.grant_types)),
        policy=client.policy or "",
        pkce_required=client.pkce_required,
    )


def sign_in_rule_entry(rule: SignInRule, named: dict[str, str]) -> SignInRuleEntry:
    """A sign-in rule as it is written. `named`: the clients' names by their ids; one that is gone keeps its id."""
    return SignInRuleEntry(
        requires=rule.requires,
        client=named.get(rule.client_id, rule.client_id) if rule.client_id is not None else None,
        resource=rule.audience,
        role=rule.role,
        network=rule.network,
        outside=rule.outside,
        risk=rule.risk,
    )


def transaction_types(entry: ResourceEntry) -> dict[str, TransactionType]:
    """The transactions of an entry as the flows take them."""
    return {name: TransactionType(action=each.action, text=each.text) for name, each in entry.transactions.items()}


async def _every(page: Any, rt: Runtime) -> list[Any]:
    found: list[Any] = []
    after: str | None = ""
    while after is not None:
        one = await page(after=after, rt=rt)
        found += one.items
        after = one.next_after
    return found
