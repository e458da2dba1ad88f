"""A token for a weaker one (RFC 8693): fewer scopes, shorter, fewer uses, one action. Never for a stronger one."""

from dataclasses import dataclass, field, replace

from ...domain.client import Client, Resource
from ...domain.counting import UseAnswer
from ...domain.descent import ACCESS_TOKEN, MOST_GENERATIONS, TOKEN_EXCHANGE, Ancestor
from ...domain.errors import InvalidDpopProof, InvalidRequest, InvalidTarget, NotAllowed, UnusableSubjectToken
from ...domain.grant import Grant
from ...domain.journey import Complete
from ...domain.scopes import narrow
from ...domain.token_policy import BoundedPolicy, TokenPolicy
from ...ports.transaction import Tx
from .. import issuing
from ..client_auth import AuthenticatedClient
from ..effective import effective_policy, limits_of, this_issue
from ..runtime import Caller, Refusal, Runtime, or_raise
from ..token_status import BadToken, GoodToken, judge


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeGrant:
    """The parsed request.

    Attributes:
        subject_token: The token to be exchanged: an access token of ours.
        scopes: Those that are wanted; none: all that the token has.
        targets: `resource` and `audience` parameters, which may name nothing but the token's own audience.
        limits: What the new token is limited to besides.
    """

    subject_token: str = field(repr=False)
    scopes: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    limits: TokenPolicy = field(default_factory=TokenPolicy)


async def exchange(
    grant: ExchangeGrant, *, who: AuthenticatedClient, rt: Runtime, caller: Caller
) -> issuing.IssuedTokens:
    """Make a weaker token from one that the caller holds: the application that it was issued to, or the resource that it is for.

    The child has at most the parent's scopes, time and limits, for the same resource; its uses are taken from the parent's. It is
    refused from the moment its parent, or whatever that was made from, ends.

    Raises:
        UnauthorizedClient: The client was not added with this grant type.
        UnusableSubjectToken: The token is not good now, or somebody else's, or its uses are spent.
        InvalidRequest: Limits are written wrongly, or missing where the parent is counted; or too many generations.
        InvalidTarget: Another resource than the token's.
        InvalidScope: More than the token has.
    """
    trail, now = caller.trail, rt.clock()
    who.client.require_grant_type(TOKEN_EXCHANGE, trail)
    parent = await judge(grant.subject_token, rt=rt, trail=trail)
    if isinstance(parent, BadToken):
        raise UnusableSubjectToken("The subject_token is not good.", detail=parent.code)
    resource = await _resource_for(parent, grant, who=who, rt=rt, caller=caller)
    scopes = narrow(grant.scopes, allowed=parent.scopes, trail=trail)
    if len(parent.grant.descent.ancestors) >= MOST_GENERATIONS:
        trail.failed("generations", f"at most {MOST_GENERATIONS}", MOST_GENERATIONS + 1)
        raise InvalidRequest(f"A token can be exchanged over at most {MOST_GENERATIONS} generations.")
    limits = _limits(grant.limits, parent, caller=caller)
    token, grant_id = issuing.blank(rt, caller=caller, now=now), rt.new_id("grt")
    event = rt.event("token.exchanged", grant_id, actor=who.client.id, caller=caller, now=now)

    async def unit(tx: Tx) -> issuing.ReadyToSign | Refusal:
        # That the parent lives was seen before; should it end meanwhile, its child is refused wherever it is shown (`judge`).
        user = await tx.users.get(parent.grant.user_id) if parent.grant.user_id is not None else None
        of_parent = this_issue(parent.grant.policy)
        applied = await effective_policy(
            tx, rt, client=who.client, resource=resource, user=user, issue=of_parent + this_issue(limits)
        )
        policy = applied.policy
        if policy.max_uses is not None or policy.idle_timeout_s is not None:
            taken = await _take_uses(tx, parent, policy.max_uses, now=now)
            if taken != "counted":
                trail.failed("uses of the token", f"{policy.max_uses} to give away", taken)
                return Refusal(UnusableSubjectToken("The subject_token has not so many uses left.", detail=taken))
        child = _child(parent, policy, scopes, grant_id=grant_id, client=who.client, resource=resource, now=now)
        # Its limits come from the rules of its parent, so those are kept for it as well.
        inherited = await tx.grants.rules_of(parent.grant.id) or of_parent
        await tx.grants.add(child, tuple(rule for rule in applied.rules if rule not in of_parent) + inherited)
        await tx.audit.append(
            replace(event, details={"parent": parent.id, "parent_grant": parent.grant.id, "token": token.id})
        )
        held = await issuing.hold_alive(tx, child.id, token=token, now=now)
        if held is None:
            return Refusal(UnusableSubjectToken("The subject_token is not good.", detail="it ended meanwhile"))
        return await issuing.prepare(tx, held, scopes=scopes, token=token, now=now)

    ready = or_raise(await rt.store.write(unit))
    issued = issuing.finish(ready, rt=rt, now=now, with_id_token=False)
    return replace(issued, issued_token_type=ACCESS_TOKEN)


async def _resource_for(
    parent: GoodToken, grant: ExchangeGrant, *, who: AuthenticatedClient, rt: Runtime, caller: Caller
) -> Resource:
    """The token's resource, if the caller may exchange the token at all."""
    trail = caller.trail
    resource = await rt.store.read.resources.get(parent.audience)
    trail.resource = parent.audience
    holders = f"the application that it was issued to, or the client of {parent.audience}"
    is_holder = parent.grant.client_id == who.client.id
    is_resource = resource is not None and who.proved and resource.client_id == who.client.id
    if resource is None or not (is_holder or is_resource):
        trail.failed("who may exchange it", holders, who.client.id)
        raise UnusableSubjectToken("The subject_token is not good.", detail="it is not the caller's")
    trail.passed("who may exchange it", holders, who.client.id)
    _require_key(parent, is_holder=is_holder, caller=caller)
    if grant.targets - {parent.audience}:
        trail.failed("resource", parent.audience, grant.targets)
        raise InvalidTarget("A token is exchanged for one of the same resource.")
    return resource


def _require_key(parent: GoodToken, *, is_holder: bool, caller: Caller) -> None:
    """A bound token gives no unbound one, or whoever stole it would exchange it.

    Its application proves to have the key that it is bound to. Its resource, which can't, proves a key of its own.
    """
    proved, bound = caller.holder.proved, parent.cnf
    if is_holder and not proved.covers(bound):
        found = proved.jkt or proved.x5t or "no proof"
        caller.trail.failed("key of the token", bound.jkt or bound.x5t, found)
        raise UnusableSubjectToken("The subject_token is not good.", detail="token_bound")
    if bound.jkt and not proved.jkt:
        caller.trail.failed("key of the new token", "a proof: the token is bound to a key", "none")
        raise InvalidDpopProof("The subject_token is bound to a key: send a DPoP proof.", detail="no proof was sent")


def _limits(wanted: TokenPolicy, parent: GoodToken, *, caller: Caller) -> TokenPolicy:
    """The limits asked for, if they can be given."""
    try:
        limits_of(wanted)
    except NotAllowed as error:
        raise InvalidRequest(str(error)) from None
    uses = parent.grant.policy.max_uses
    if uses is not None and wanted.max_uses is None:
        caller.trail.failed("limits.max_uses", "how many of the token's uses the new one takes", None)
        raise InvalidRequest("The uses of this token are counted: say in limits.max_uses how many the new one takes.")
    # What is opaque stays so: nobody hears through the feed that an opaque token has ended.
    return wanted & TokenPolicy(format="opaque") if parent.format == "opaque" else wanted


def _child(
    parent: GoodToken,
    policy: BoundedPolicy,
    scopes: frozenset[str],
    *,
    grant_id: str,
    client: Client,
    resource: Resource,
    now: int,
) -> Grant:
    """The grant of the new token. It ends with it, and no later than its parent."""
    of = parent.grant
    sign_in = None if of.auth_time is None else Complete(auth_time=of.auth_time, amr=of.amr, acr=of.acr)
    made = issuing.new_grant(
        grant_id=grant_id,
        client=client,
        resource=resource,
        policy=policy,
        scopes=scopes,
        now=now,
        user_id=of.user_id,
        session_id=of.session_id,
        sign_in=sign_in,
    )
    root = None if of.user_id is not None else of.subject
    descent = of.descent.child(Ancestor(of.id, parent.id), by=client.id, of=of.client_id, client_id=root)
    expires_at = min(now + policy.lifetime_s, parent.expires_at)
    if of.policy.idle_timeout_s is not None:
        # Unless it is used, the parent ends then, and no child outlives its parent.
        expires_at = min(expires_at, now + of.policy.idle_timeout_s)
    return replace(made, descent=descent, expires_at=expires_at, transaction=of.transaction)


async def _take_uses(tx: Tx, parent: GoodToken, uses: int | None, *, now: int) -> UseAnswer:
    """Take the child's uses from the parent; where the parent is not counted, there is nothing to take."""
    policy = parent.grant.policy
    if policy.max_uses is None and policy.idle_timeout_s is None:
        return "counted"
    return await tx.counting.take(parent.id, uses=uses or 0, now=now)
