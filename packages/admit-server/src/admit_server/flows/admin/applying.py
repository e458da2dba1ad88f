"""Making the data match a file: what is missing is added, what differs is changed, and, if asked for, the rest removed.

All of it is one act (`one_unit`): a file that can't be applied wholly changes nothing, and a dry run goes the whole way.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from msgspec import UnsetType

from ...domain.administration import ADMIN_ROLE, api_audience
from ...domain.client import Client
from ...domain.errors import NotAllowed, NotFound
from ...domain.token_policy import BROWSER_NAME
from ..runtime import Caller, Runtime
from . import clients, leaving, policies, resources, roles, sign_in_rules, users
from .client_rules import check, default_grant_types, default_policy, fit, is_built_in
from .one_unit import in_one_unit
from .realm import (
    ClientEntry,
    Realm,
    ResourceEntry,
    RoleEntry,
    SignInRuleEntry,
    UserEntry,
    client_entry,
    present,
    resource_entry,
    role_entry,
    sign_in_rule_entry,
    transaction_types,
)
from .written_limits import Limits, written

Kind = Literal["policy", "role", "resource", "client", "sign_in_rule", "user"]
Done = Literal["add", "change", "remove"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that was, or in a dry run would be, made to match. `changes`: each member, as it was and as it is."""

    done: Done
    kind: Kind
    name: str
    changes: tuple[tuple[str, Any, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Secret:
    """The secret of a new confidential client: known this once."""

    client: str
    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done, in order, and the secrets of new clients."""

    differences: tuple[Difference, ...]
    secrets: tuple[Secret, ...]


async def apply(realm: Realm, *, prune: bool, dry_run: bool, rt: Runtime, caller: Caller) -> Applied:
    """Make the data match.

    Args:
        realm: What there is to be. A kind that it does not have is left alone.
        prune: Remove what it does not name of the kinds that it has; never people, and nothing that is built in.
        dry_run: Say the same and change nothing.
        rt: What flows use.
        caller: Who acts.

    Raises:
        AdministrationError: It can't be done; nothing was changed.
    """

    async def act(inside: Runtime) -> Applied:
        work = _Work(inside, caller)
        await work.whole(realm)
        if prune:
            await work.prune(realm)
        return Applied(tuple(work.found), () if dry_run else tuple(work.secrets))

    return (await in_one_unit(act, rt=rt, dry_run=dry_run)).result


class _Work:
    def __init__(self, rt: Runtime, caller: Caller) -> None:
        self.rt, self.caller = rt, caller
        self.found: list[Difference] = []
        self.secrets: list[Secret] = []

    async def whole(self, realm: Realm) -> None:
        """In the order in which things refer to each other."""
        for name, limits in _of(realm.policies):
            await self._policy(name, limits)
        for name, role in _of(realm.roles):
            await self._role(name, role)
        # A resource may name a client that names the resource, so its client comes last.
        for audience, resource in _of(realm.resources):
            await self._resource(audience, resource)
        for name, client in _of(realm.clients):
            await self._client(name, client)
        for audience, resource in _of(realm.resources):
            await self._reader(audience, resource)
        for name, rule in _of(realm.sign_in_rules):
            await self._sign_in_rule(name, rule)
        for name, user in _of(realm.users):
            await self._user(name, user)

    async def prune(self, realm: Realm) -> None:
        """From what refers to others to what is referred to."""
        rt, caller, now = self.rt, self.caller, await present(self.rt)
        for name in _unnamed(now.sign_in_rules, realm.sign_in_rules):
            await sign_in_rules.delete(name, rt=rt, caller=caller)
            self.found.append(Difference("remove", "sign_in_rule", name))
        gone = _unnamed(now.resources, realm.resources)
        for audience in gone:
            if (await resources.find(audience, rt=rt)).client_id is not None:
                await resources.update(audience, resources.ResourceChange(client=None), rt=rt, caller=caller)
        for name in _unnamed(now.clients, realm.clients):
            await leaving.delete_client(name, rt=rt, caller=caller)
            self.found.append(Difference("remove", "client", name))
        for audience in gone:
            await leaving.delete_resource(audience, rt=rt, caller=caller)
            self.found.append(Difference("remove", "resource", audience))
        for name in _unnamed(now.roles, realm.roles):
            await roles.delete(name, rt=rt, caller=caller)
            self.found.append(Difference("remove", "role", name))
        for name in _unnamed(now.policies, realm.policies):
            if name != BROWSER_NAME:
                await policies.delete(name, rt=rt, caller=caller)
                self.found.append(Difference("remove", "policy", name))

    async def _policy(self, name: str, limits: Limits) -> None:
        try:
            was = written((await policies.find(name, rt=self.rt)).limits)
        except NotFound:
            was = None
        if self._differs("policy", name, was, written(limits.as_policy())):
            await policies.set_policy(name, limits.as_policy(), rt=self.rt, caller=self.caller)

    async def _role(self, name: str, entry: RoleEntry) -> None:
        if name == ADMIN_ROLE:
            raise _built_in("role", name)
        wanted, scopes = replace_words(entry), frozenset(entry.scopes)
        try:
            was = role_entry(await roles.find(name, rt=self.rt))
        except NotFound:
            self._differs("role", name, None, wanted)
            await roles.add(name, policy=entry.policy, scopes=scopes, rt=self.rt, caller=self.caller)
            return
        if self._differs("role", name, was, wanted):
            change = roles.RoleChange(policy=entry.policy, scopes=scopes)
            await roles.update(name, change, rt=self.rt, caller=self.caller)

    async def _resource(self, audience: str, entry: ResourceEntry) -> None:
        if audience == api_audience(self.rt.issuer):
            raise _built_in("resource", audience)
        try:
            found = await resources.find(audience, rt=self.rt)
        except NotFound:
            new = resources.NewResource(
                audience=audience,
                scopes=entry.scopes,
                format=entry.format,
                policy=entry.policy,
                verifier=entry.verifier,
                transactions=transaction_types(entry),
                personal_tokens=entry.personal_tokens,
            )
            self._differs("resource", audience, None, entry)
            await resources.add(new, rt=self.rt, caller=self.caller)
            return
        without = msgspec.structs.replace(entry, client=None)
        if self._differs("resource", audience, resource_entry(found, {}), without):
            types = transaction_types(entry)
            change = resources.ResourceChange(
                scopes=entry.scopes,
                format=entry.format,
                policy=entry.policy,
                verifier=entry.verifier,
                transactions=types,
                drop_transactions=tuple(sorted(found.transactions.keys() - types.keys())),
                personal_tokens=entry.personal_tokens,
            )
            await resources.update(audience, change, rt=self.rt, caller=self.caller)

    async def _reader(self, audience: str, entry: ResourceEntry) -> None:
        found = await resources.find(audience, rt=self.rt)
        was = await clients.find(found.client_id, rt=self.rt) if found.client_id is not None else None
        if (was.name if was else None) == entry.client or (was is not None and was.id == entry.client):
            return
        if not any(one.kind == "resource" and one.name == audience and one.done == "add" for one in self.found):
            change = (("client", was.name if was else None, entry.client),)
            self.found.append(Difference("change", "resource", audience, change))
        change_reader = resources.ResourceChange(client=entry.client)
        await resources.update(audience, change_reader, rt=self.rt, caller=self.caller)

    async def _client(self, name: str, entry: ClientEntry) -> None:
        found = await self.rt.store.read.clients.by_name(name)
        if found is not None and is_built_in(found):
            raise _built_in("client", name)
        wanted = await self._wanted_client(name, entry, found)
        if found is None:
            new = clients.NewClient(
                name=name,
                client_id=entry.client_id if isinstance(entry.client_id, str) else None,
                kind=entry.kind,
                first_party=entry.first_party,
                redirect_uris=entry.redirect_uris,
                post_logout_redirect_uris=entry.post_logout_redirect_uris,
                grant_types=wanted.grant_types,
                scopes=wanted.scopes,
                audiences=entry.audiences,
                policy=wanted.policy,
                default_policy=False,
                pkce_required=entry.pkce_required,
            )
            shown = client_entry(wanted)
            shown.client_id = entry.client_id
            self._differs("client", name, None, shown)
            added = await clients.add(new, rt=self.rt, caller=self.caller)
            if added.secret is not None:
                self.secrets.append(Secret(name, added.client.id, added.secret))
            return
        if self._differs("client", name, client_entry(found), client_entry(wanted)):
            change = clients.ClientChange(
                first_party=wanted.first_party,
                redirect_uris=wanted.redirect_uris,
                post_logout_redirect_uris=wanted.post_logout_redirect_uris,
                grant_types=wanted.grant_types,
                scopes=wanted.scopes,
                audiences=wanted.audiences,
                policy=wanted.policy,
                pkce_required=wanted.pkce_required,
            )
            await clients.update(found.id, change, rt=self.rt, caller=self.caller)

    async def _wanted_client(self, name: str, entry: ClientEntry, found: Client | None) -> Client:
        """The client that an entry describes, with what it leaves open chosen as for a new one."""
        if found is not None and entry.kind != found.kind:
            raise NotAllowed(
                f"Client {name!r} is {found.kind}; that can't be changed. Delete it, or give the new one another name."
            )
        if found is not None and isinstance(entry.client_id, str) and entry.client_id != found.id:
            raise NotAllowed(f"Client {name!r} has the id {found.id!r}; an id can't be changed.")
        chosen = default_grant_types(
            kind=entry.kind, first_party=entry.first_party, redirects=bool(entry.redirect_uris)
        )
        policy = (
            default_policy(entry.kind, entry.redirect_uris) if isinstance(entry.policy, UnsetType) else entry.policy
        )
        draft = Client(
            id=found.id if found else entry.client_id if isinstance(entry.client_id, str) else "",
            name=name,
            kind=entry.kind,
            first_party=entry.first_party,
            secret_digest=None,
            redirect_uris=entry.redirect_uris,
            post_logout_redirect_uris=entry.post_logout_redirect_uris,
            grant_types=chosen if isinstance(entry.grant_types, UnsetType) else frozenset(entry.grant_types),
            scopes=frozenset(),
            audiences=entry.audiences,
            pkce_required=entry.pkce_required,
            policy=policy or None,
            created_at=found.created_at if found else 0,
        )
        scopes = None if isinstance(entry.scopes, UnsetType) else frozenset(entry.scopes)
        return await fit(self.rt.store.read, check(draft), scopes=scopes)

    async def _sign_in_rule(self, name: str, entry: SignInRuleEntry) -> None:
        try:
            found = await sign_in_rules.find(name, rt=self.rt)
            holder = await self.rt.store.read.clients.get(found.client_id) if found.client_id is not None else None
            was = sign_in_rule_entry(found, {holder.id: holder.name} if holder is not None else {})
        except NotFound:
            was = None
        wanted = msgspec.structs.replace(entry, requires=entry.requires.strip())
        if wanted.client is not None and (was is None or wanted.client != was.client):
            wanted.client = (await clients.find(wanted.client, rt=self.rt)).name
        if self._differs("sign_in_rule", name, was, wanted):
            new = sign_in_rules.NewSignInRule(
                name=name,
                requires=wanted.requires,
                client=wanted.client,
                audience=wanted.resource,
                role=wanted.role,
                network=wanted.network,
                outside=wanted.outside,
                risk=wanted.risk,
            )
            await sign_in_rules.put(new, rt=self.rt, caller=self.caller)

    async def _user(self, name: str, entry: UserEntry) -> None:
        rt, caller = self.rt, self.caller
        try:
            user = await users.find(name, rt=rt)
        except NotFound:
            wanted_roles = entry.roles if isinstance(entry.roles, tuple) else ()
            email = entry.email if isinstance(entry.email, str) and entry.email else None
            await users.add(users.NewUser(username=name, email=email, roles=wanted_roles), rt=rt, caller=caller)
            if isinstance(entry.policy, str) and entry.policy:
                await users.update(name, users.UserChange(policy=entry.policy), rt=rt, caller=caller)
            self._differs("user", name, None, entry)
            return
        was = UserEntry(roles=user.roles, policy=await users.policy_of(user, rt=rt) or "", email=user.email or "")
        roles_wanted = user.roles if isinstance(entry.roles, UnsetType) else tuple(dict.fromkeys(entry.roles))
        wanted = UserEntry(
            roles=user.roles if frozenset(roles_wanted) == frozenset(user.roles) else roles_wanted,
            policy=was.policy if isinstance(entry.policy, UnsetType) else entry.policy,
            email=was.email if isinstance(entry.email, UnsetType) else entry.email,
        )
        if self._differs("user", name, was, wanted):
            assert isinstance(wanted.roles, tuple)  # noqa: S101 - set above
            change = users.UserChange(roles=wanted.roles, policy=wanted.policy or None, email=wanted.email or None)
            await users.update(name, change, rt=rt, caller=caller)

    def _differs(self, kind: Kind, name: str, was: msgspec.Struct | None, wanted: msgspec.Struct) -> bool:
        after = _members(wanted)
        before = _members(was) if was is not None else _defaults(type(wanted))
        changes = tuple((name, before[name], after[name]) for name in sorted(after) if before[name] != after[name])
        if was is None or changes:
            self.found.append(Difference("add" if was is None else "change", kind, name, changes))
        return was is None or bool(changes)


def replace_words(entry: RoleEntry) -> RoleEntry:
    """The entry with its scopes in the order in which they are shown."""
    return RoleEntry(scopes=tuple(sorted(set(entry.scopes))), policy=entry.policy)


def _members(entry: msgspec.Struct) -> dict[str, Any]:
    """Every member as a program would write it; None for what is left open."""
    values = {one.name: getattr(entry, one.name) for one in msgspec.structs.fields(entry)}
    return {
        name: None if isinstance(value, UnsetType) else msgspec.to_builtins(value) for name, value in values.items()
    }


def _defaults(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Every member as it is where nobody says anything; None for what has to be said."""
    fields = msgspec.structs.fields(kind)
    said = {one.name: "" for one in fields if one.required}
    return _members(kind(**said)) | dict.fromkeys(said)


def _of(named: dict[str, Any] | UnsetType) -> list[tuple[str, Any]]:
    return [] if isinstance(named, UnsetType) else [*named.items()]


def _unnamed(present_: dict[str, Any] | UnsetType, wanted: dict[str, Any] | UnsetType) -> list[str]:
    if isinstance(wanted, UnsetType) or isinstance(present_, UnsetType):
        return []
    return [name for name in present_ if name not in wanted]


def _built_in(kind: str, name: str) -> NotAllowed:
    return NotAllowed(f"The {kind} {name} is built in; leave it out of the file.")
