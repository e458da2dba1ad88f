"""A client's own tokens (RFC 6749 section 4.4)."""

from dataclasses import dataclass, replace

from ...domain.authorization_request import choose_audience
from ...domain.errors import InvalidClient, InvalidTarget, UnauthorizedClient
from ...domain.grant import Grant
from ...domain.scopes import narrow
from ...ports.transaction import Tx
from .. import issuing, leases
from ..client_auth import AuthenticatedClient
from ..effective import effective_policy, token_format
from ..runtime import Caller, Runtime

# The grant of a client for a resource is noted as "a JWT may be alive until" this far ahead, so that one write serves many tokens.
AHEAD_S = 3600


@dataclass(frozen=True, slots=True)
class ClientCredentialsGrant:
    """The parsed request. `resource` as in RFC 8707."""

    scopes: frozenset[str]
    resource: str | None


async def exchange(
    grant: ClientCredentialsGrant, *, who: AuthenticatedClient, rt: Runtime, caller: Caller
) -> issuing.IssuedTokens:
    """Give a client a token of its own; no refresh token (RFC 6749 section 4.4.3).

    One grant for each client and resource carries all of them, so ending that grant ends every token. JWTs need no write here
    unless the noted time runs out, because "alive until" was written ahead.

    Raises:
        UnauthorizedClient: A public client, or one without this grant type.
        InvalidTarget: The resource is unknown or not this client's.
        InvalidScope: More than the client has.
    """
    client, now = who.client, rt.clock()
    trail = caller.trail
    client.require_grant_type("client_credentials", trail)
    if not who.proved:
        trail.failed("kind of client", "confidential", client.kind)
        raise UnauthorizedClient("client_credentials is for confidential clients.")
    read = rt.store.read
    audience = choose_audience(grant.resource, client=client, known=frozenset(client.audiences), trail=trail)
    resource = await read.resources.get(audience)
    if resource is None:
        trail.failed("resource", "one that is here", f"{audience} is gone")
        raise InvalidTarget("This client may not ask for that resource.", detail=f"resource {audience!r} is gone")
    allowed = client.scopes & frozenset(resource.scopes)
    scopes = narrow(grant.scopes, allowed=allowed, trail=trail)
    token = issuing.blank(rt, caller=caller, now=now)
    applied = await effective_policy(read, rt, client=client, resource=resource)
    policy = applied.policy
    form = token_format(policy, resource)
    found = await read.grants.of_client_itself(client.id, audience, now=now)
    if (
        found
        and found[0].format == form == "jwt"
        and found[0].policy == policy
        and found[1] >= now + policy.lifetime_s
        and policy.max_uses is None
        and policy.idle_timeout_s is None
        and policy.lease_s is None
        and not policy.binding
        and not caller.holder.proved
    ):
        expires_at = min(now + policy.lifetime_s, found[0].expires_at)
        ready = issuing.ReadyToSign(grant=found[0], expires_at=expires_at, scopes=scopes, user=None, blank=token)
        return issuing.finish(ready, rt=rt, now=now, with_id_token=False)
    fresh_id = rt.new_id("grt")
    event = rt.event("grant.made", fresh_id, actor=client.id, caller=caller, now=now, details={"audience": audience})

    async def unit(tx: Tx) -> issuing.ReadyToSign:
        # Of many first requests at once one makes the grant, and all share it: ending it has to end every token.
        if await tx.clients.hold(client.id) is None:
            raise InvalidClient("Client authentication failed.", detail="the client was disabled meanwhile")
        grant = await _held(tx) if policy.lease_s is None else await _leased(tx)
        lease = await leases.hold(tx, grant, token.lease, now=now) if policy.lease_s is not None else None
        held = issuing.Held(grant, min(now + policy.lifetime_s, grant.expires_at), lease)
        return await issuing.prepare(tx, held, scopes=scopes, token=token, now=now)

    async def _held(tx: Tx) -> Grant:
        existing = await tx.grants.of_client_itself(client.id, audience, now=now)
        if existing and existing[0].format == form and existing[0].policy == policy:
            held = await tx.grants.hold(existing[0].id, now=now + AHEAD_S)
            if held is not None:
                return held
        made = issuing.new_grant(
            grant_id=fresh_id, client=client, resource=resource, policy=policy, scopes=allowed, now=now
        )
        await tx.grants.add(made, applied.rules)
        await tx.grants.hold(made.id, now=now + AHEAD_S)
        await tx.audit.append(event)
        return made

    async def _leased(tx: Tx) -> Grant:
        # A lease is the life of one running program, and a service has many: each of its tokens has a grant and a lease of its own.
        made = issuing.new_grant(
            grant_id=fresh_id, client=client, resource=resource, policy=policy, scopes=allowed, now=now
        )
        made = replace(made, expires_at=now + policy.lifetime_s)
        await tx.grants.add(made, applied.rules)
        await tx.grants.hold(made.id, now=now)
        await tx.audit.append(event)
        return made

    return issuing.finish(await rt.store.write(unit), rt=rt, now=now, with_id_token=False)
