"""The grant and its one-use code (RFC 6749 section 4.1.2): for a session that there is, or in the unit that makes it."""

from dataclasses import dataclass, field, replace

from ..domain.audit import AuditEvent
from ..domain.authorization_request import AuthorizationRequest
from ..domain.client import Client
from ..domain.errors import AccessDenied, InvalidScope, LoginRequired, UnmetAuthenticationRequirements
from ..domain.journey import Complete, strong_enough
from ..domain.token_policy import TokenPolicy
from ..ports.grants import NewCode
from ..ports.transaction import Tx
from ..tokens import opaque
from . import issuing
from .effective import effective_policy, this_issue
from .role_scopes import permitted
from .runtime import Caller, Refusal, Runtime, or_raise

CODE_LIFETIME_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeToBe:
    """A code whose text and whose grant's id are known, and that is still to be written."""

    request: AuthorizationRequest
    client: Client
    code: str = field(repr=False)
    user_id: str
    grant_id: str
    event: AuditEvent
    at: int


def prepare_code(
    request: AuthorizationRequest, *, client: Client, user_id: str, rt: Runtime, caller: Caller
) -> CodeToBe:
    """What `write_code` will need, made before the unit."""
    now, grant_id = rt.clock(), rt.new_id("grt")
    return CodeToBe(
        request=request,
        client=client,
        code=opaque.mint("ac", rt.entropy(opaque.SECRET_BYTES)),
        user_id=user_id,
        grant_id=grant_id,
        event=rt.event("grant.made", grant_id, actor=user_id, caller=caller, now=now, details={"client": client.id}),
        at=now,
    )


async def issue_code(
    request: AuthorizationRequest,
    *,
    client: Client,
    session_id: str,
    user_id: str,
    sign_in: Complete,
    rt: Runtime,
    caller: Caller,
) -> str:
    """Make the grant and its one-use code of 60 seconds; the code's text is nowhere but in the answer.

    Raises:
        AccessDenied: The session or the resource is gone.
        InvalidScope: Everything asked for belongs to roles that the person does not have.
    """
    new = prepare_code(request, client=client, user_id=user_id, rt=rt, caller=caller)

    async def unit(tx: Tx) -> str | Refusal:
        # Whoever issues checks who lives: the session's row is locked until the commit.
        if await tx.sessions.hold(session_id, jwt_alive_until=0, now=new.at) is None:
            caller.trail.failed("session is alive", True, "it ended meanwhile")
            return Refusal(AccessDenied("The session has ended. Sign in again."))
        return await write_code(tx, new, session_id=session_id, sign_in=sign_in, rt=rt, caller=caller)

    return or_raise(await rt.store.write(unit))


async def write_code(
    tx: Tx, new: CodeToBe, *, session_id: str, sign_in: Complete, rt: Runtime, caller: Caller
) -> str | Refusal:
    """Within a unit that holds the session, or has just made it: write grant and code.

    Returns:
        The code's text; or a refusal, as `issue_code` raises them.
    """
    request, client, now = new.request, new.client, new.at
    resource = await tx.resources.get(request.audience)
    if resource is None:
        caller.trail.failed("resource", request.audience, "it was removed meanwhile")
        return Refusal(AccessDenied("The resource is gone."))
    user = await tx.users.get(new.user_id)
    # RFC 6749 section 3.3: less than was asked for is given and told.
    scopes = await permitted(tx, rt, user=user, audience=resource.audience, scopes=request.scopes)
    if request.scopes and not scopes:
        caller.trail.failed("scopes of the person's roles", request.scopes, user.roles if user else ())
        return Refusal(InvalidScope("No role of this person allows any of these scopes."))
    transaction = request.transaction
    if transaction is not None and transaction.type not in resource.transactions:
        caller.trail.failed("type of transaction", transaction.type, "it was removed meanwhile")
        return Refusal(AccessDenied("The type of transaction is gone."))
    limits = transaction.policy if transaction else None
    applied = await effective_policy(tx, rt, client=client, resource=resource, user=user, issue=this_issue(limits))
    policy = applied.policy
    if not strong_enough(sign_in.acr, acr_values=request.acr_values, policy=policy):
        too_weak(request, policy, sign_in.acr, caller=caller)
        return Refusal(UnmetAuthenticationRequirements("The sign-in is not as strong as that."))
    if not policy.is_fresh(auth_time=sign_in.auth_time, now=now):
        age = f"{now - sign_in.auth_time} s"
        caller.trail.failed("age of the sign-in", f"under {policy.max_auth_age_s} s", age)
        return Refusal(LoginRequired("The sign-in is too old for this."))
    grant = issuing.new_grant(
        grant_id=new.grant_id,
        client=client,
        resource=resource,
        policy=policy,
        scopes=scopes,
        now=now,
        user_id=new.user_id,
        session_id=session_id,
        sign_in=sign_in,
    )
    grant = replace(grant, transaction=transaction)
    await tx.grants.add(grant, applied.rules)
    await tx.codes.add(
        NewCode(
            digest=opaque.digest(new.code),
            grant_id=new.grant_id,
            client_id=client.id,
            redirect_uri=request.redirect_uri,
            code_challenge=request.code_challenge,
            nonce=request.nonce,
            created_at=now,
            expires_at=now + CODE_LIFETIME_S,
            # The used row stays as long as its tokens, so that a second use is recognised and revokes them.
            keep_until=grant.expires_at + policy.lifetime_s,
            dpop_jkt=request.dpop_jkt,
        )
    )
    await tx.audit.append(new.event)
    return new.code


def too_weak(request: AuthorizationRequest, policy: TokenPolicy | None, found: str, *, caller: Caller) -> None:
    """Write into the trail that the sign-in is not of a class asked for."""
    wanted = [*request.acr_values, *([policy.acr] if policy is not None and policy.acr is not None else [])]
    caller.trail.failed("strength of the sign-in", wanted, found)
