"""The authorization endpoint: who asks, whether somebody is signed in, and the code that goes back (RFC 6749 section 4.1)."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from ..domain.authorization_request import AuthorizationRequest, check_client_and_redirect, check_request
from ..domain.client import Client
from ..domain.errors import (
    AccessDenied,
    ConsentRequired,
    InvalidScope,
    LoginRequired,
    ProtocolError,
    UnknownClient,
    UnmetAuthenticationRequirements,
)
from ..domain.journey import Complete, session_suffices, strong_enough
from ..domain.session import Session
from ..domain.token_policy import TokenPolicy
from ..ports.grants import NewCode
from ..ports.transaction import Tx
from ..tokens import opaque
from . import issuing
from .denials import record
from .effective import effective_policy, this_issue
from .journeys.planning import Plan, proofs_of_session
from .journeys.steps import plan_of
from .new_session import Occasion
from .role_scopes import permitted
from .runtime import Caller, Refusal, Runtime, or_raise
from .transaction_details import parse_details

CODE_LIFETIME_S = 60


@dataclass(frozen=True, slots=True)
class SendBack:
    """Redirect the browser to the client: a code, or an error that may be told there."""

    url: str


@dataclass(frozen=True, slots=True)
class AskSignIn:
    """Somebody has to sign in first."""

    request: AuthorizationRequest
    client: Client


@dataclass(frozen=True, slots=True)
class AskConsent:
    """The person has to agree: the client is not of this organisation."""

    request: AuthorizationRequest
    client: Client
    session: Session


async def begin(
    params: dict[str, str], *, session: Session | None, rt: Runtime, caller: Caller
) -> SendBack | AskSignIn | AskConsent:
    """Check the request and decide what comes next.

    Raises:
        ProtocolError: One that may not be redirected (RFC 6749 section 4.1.2.1): shown as a page.
    """
    caller.trail.about_session(session)
    client, redirect_uri = await _client_and_redirect(params, rt=rt, caller=caller)
    try:
        resources = {a: r for a in client.audiences if (r := await rt.store.read.resources.get(a)) is not None}
        request = check_request(
            params,
            client=client,
            redirect_uri=redirect_uri,
            resource_scopes={audience: frozenset(resource.scopes) for audience, resource in resources.items()},
            details=parse_details(params.get("authorization_details")),
            transaction_types={audience: resource.transactions for audience, resource in resources.items()},
            trail=caller.trail,
        )
        return await proceed(request, client=client, session=session, rt=rt, caller=caller)
    except ProtocolError as error:
        if not error.may_redirect:
            raise
        denial_id = await record(error, endpoint="/authorize", rt=rt, caller=caller)
        return send_error(error, redirect_uri=redirect_uri, state=params.get("state"), rt=rt, denial_id=denial_id)


async def proceed(
    request: AuthorizationRequest, *, client: Client, session: Session | None, rt: Runtime, caller: Caller
) -> SendBack | AskSignIn | AskConsent:
    """Decide for a request that passed every rule."""
    plan = await plan_of_session(session, request=request, client=client, rt=rt, caller=caller)
    if not strong_enough(plan.strongest, acr_values=request.acr_values, policy=plan.policy):
        # Nobody is asked for a password that can't be enough.
        _too_weak(request, plan.policy, plan.strongest, caller=caller)
        raise UnmetAuthenticationRequirements("No sign-in here is as strong as that.")
    if session is None or not suffices(session, request, plan, now=rt.clock()):
        if "none" in request.prompt:
            caller.trail.failed(
                "signed in",
                "somebody, freshly and strongly enough",
                "a sign-in that is too old or weak" if session else "nobody",
            )
            raise LoginRequired("Nobody is signed in.")
        return AskSignIn(request, client)
    if not client.first_party or "consent" in request.prompt or request.transaction is not None:
        if "none" in request.prompt:
            caller.trail.failed("consent", "given, or not needed", "the person has to be asked")
            raise ConsentRequired("The person has not agreed to this yet.")
        return AskConsent(request, client, session)
    return await grant_code(request, client=client, session=session, rt=rt, caller=caller)


async def plan_of_session(
    session: Session | None, *, request: AuthorizationRequest, client: Client, rt: Runtime, caller: Caller
) -> Plan:
    """What a sign-in for this request has to prove, of the person who is signed in."""
    user = await rt.store.read.users.get(session.user_id) if session is not None else None
    return await plan_of(user, Occasion(request=request, client=client), rt=rt, caller=caller)


def suffices(session: Session, request: AuthorizationRequest, plan: Plan, *, now: int) -> bool:
    """Whether a session is young enough, and proved all that is required for this request."""
    return is_fresh(session, request, plan, now=now) and isinstance(plan.next(proofs_of_session(session)), Complete)


def is_fresh(session: Session, request: AuthorizationRequest, plan: Plan, *, now: int) -> bool:
    """Whether a session is young enough for the request and the policy, however strong it is."""
    return session_suffices(auth_time=session.auth_time, freshness=request.freshness, now=now) and (
        plan.policy is None or plan.policy.is_fresh(auth_time=session.auth_time, now=now)
    )


def _too_weak(request: AuthorizationRequest, policy: TokenPolicy | None, found: str, *, caller: Caller) -> None:
    wanted = [*request.acr_values, *([policy.acr] if policy is not None and policy.acr is not None else [])]
    caller.trail.failed("strength of the sign-in", wanted, found)


async def grant_code(
    request: AuthorizationRequest, *, client: Client, session: Session, rt: Runtime, caller: Caller
) -> SendBack:
    """Write grant and code, and send the code back.

    Raises:
        AccessDenied: The session ended meanwhile.
    """
    sign_in = Complete(auth_time=session.auth_time, amr=session.amr, acr=session.acr)
    code = await issue_code(
        request, client=client, session_id=session.id, user_id=session.user_id, sign_in=sign_in, rt=rt, caller=caller
    )
    return SendBack(with_params(request.redirect_uri, {"code": code, "state": request.state, "iss": rt.issuer}))


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
    now, code = rt.clock(), opaque.mint("ac", rt.entropy(opaque.SECRET_BYTES))
    grant_id = rt.new_id("grt")
    event = rt.event("grant.made", grant_id, actor=user_id, caller=caller, now=now, details={"client": client.id})

    async def unit(tx: Tx) -> str | Refusal:
        # Whoever issues checks who lives: the session's row is locked until the commit.
        if await tx.sessions.hold(session_id, jwt_alive_until=0, now=now) is None:
            caller.trail.failed("session is alive", True, "it ended meanwhile")
            return Refusal(AccessDenied("The session has ended. Sign in again."))
        resource = await tx.resources.get(request.audience)
        if resource is None:
            caller.trail.failed("resource", request.audience, "it was removed meanwhile")
            return Refusal(AccessDenied("The resource is gone."))
        user = await tx.users.get(user_id)
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
            _too_weak(request, policy, sign_in.acr, caller=caller)
            return Refusal(UnmetAuthenticationRequirements("The sign-in is not as strong as that."))
        if not policy.is_fresh(auth_time=sign_in.auth_time, now=now):
            age = f"{now - sign_in.auth_time} s"
            caller.trail.failed("age of the sign-in", f"under {policy.max_auth_age_s} s", age)
            return Refusal(LoginRequired("The sign-in is too old for this."))
        grant = issuing.new_grant(
            grant_id=grant_id,
            client=client,
            resource=resource,
            policy=policy,
            scopes=scopes,
            now=now,
            user_id=user_id,
            session_id=session_id,
            sign_in=sign_in,
        )
        grant = replace(grant, transaction=transaction)
        await tx.grants.add(grant, applied.rules)
        await tx.codes.add(
            NewCode(
                digest=opaque.digest(code),
                grant_id=grant_id,
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
        await tx.audit.append(event)
        return code

    return or_raise(await rt.store.write(unit))


async def resume(request: AuthorizationRequest, *, rt: Runtime, caller: Caller) -> Client:
    """The client of a request that was sealed a while ago, if it still may ask.

    Raises:
        ProtocolError: It was removed, disabled, or its redirect URI is no longer registered.
    """
    client, _ = check_client_and_redirect(
        await rt.store.read.clients.get(request.client_id), request.redirect_uri, trail=caller.trail
    )
    return client


def after_sign_in(request: AuthorizationRequest) -> AuthorizationRequest:
    """The request once its wish for a fresh sign-in is fulfilled."""
    return replace(request, prompt=request.prompt - {"login", "select_account"}, max_age_s=None)


def send_error(
    error: ProtocolError, *, redirect_uri: str, state: str | None, rt: Runtime, denial_id: str | None = None
) -> SendBack:
    """The error for the client: code and id, with `iss` (RFC 9207 section 2)."""
    told = error.public if error.tells and error.public else None
    params = {"error": error.code, "error_description": told, "denial_id": denial_id, "state": state, "iss": rt.issuer}
    return SendBack(with_params(redirect_uri, params))


def with_params(uri: str, params: dict[str, str | None]) -> str:
    """Add query parameters, keeping those that the URI has (RFC 6749 section 4.1.2)."""
    added = urlencode([(name, value) for name, value in params.items() if value is not None])
    # As text: taking it apart and together again would change what was registered (`app.example:///cb`). It has no fragment.
    joint = "" if uri.endswith(("?", "&")) else "&" if "?" in uri else "?"
    return f"{uri}{joint}{added}"


async def _client_and_redirect(params: dict[str, str], *, rt: Runtime, caller: Caller) -> tuple[Client, str]:
    client_id = params.get("client_id")
    if client_id is None:
        caller.trail.failed("client_id", "the id of a client", None)
        raise UnknownClient("The application that sent you here did not say which one it is (client_id is missing).")
    client = await rt.store.read.clients.get(client_id)
    return check_client_and_redirect(client, params.get("redirect_uri"), trail=caller.trail)
