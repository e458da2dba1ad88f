"""The authorization endpoint: who asks, whether somebody is signed in, and the code that goes back (RFC 6749 section 4.1)."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from ..domain.authorization_request import AuthorizationRequest, check_client_and_redirect, check_request
from ..domain.client import Client
from ..domain.errors import (
    ConsentRequired,
    LoginRequired,
    ProtocolError,
    UnknownClient,
    UnmetAuthenticationRequirements,
)
from ..domain.journey import Complete, session_suffices, strong_enough
from ..domain.session import Session
from .denials import record
from .journeys.planning import Plan, proofs_of_session
from .journeys.steps import plan_of
from .new_code import issue_code, too_weak
from .new_session import Occasion
from .runtime import Caller, Runtime
from .transaction_details import parse_details


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
        too_weak(request, plan.policy, plan.strongest, caller=caller)
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
