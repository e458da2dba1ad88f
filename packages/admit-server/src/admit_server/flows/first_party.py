"""Sign-in without a browser, for first-party clients only (OAuth 2.0 for First-Party Applications, draft-ietf-oauth-first-party-apps)."""

from typing import ClassVar

from ..domain.authorization_request import AuthorizationRequest, check_request
from ..domain.client import Client
from ..domain.errors import InvalidAuthorizationDetails, ProtocolError, UnauthorizedClient
from .authorize import issue_code
from .client_auth import AuthenticatedClient
from .runtime import Caller, Runtime
from .sealed_request import seal, unseal
from .sign_in import SignInTry, sign_in

_PURPOSE = "authorization-challenge"
_LASTS_S = 600
_STEP_FIELDS = ("username", "password")


class InsufficientAuthorization(ProtocolError):
    """A proof is still missing; the client goes on with `auth_session` (section 5.3.1 of the draft)."""

    code: ClassVar[str] = "insufficient_authorization"

    def __init__(self, *, auth_session: str) -> None:
        super().__init__("Send username and password together with auth_session.")
        self.auth_session = auth_session


class InvalidSession(ProtocolError):
    """The `auth_session` is not good (section 5.3.1 of the draft)."""

    code: ClassVar[str] = "invalid_session"


async def challenge(params: dict[str, str], *, who: AuthenticatedClient, rt: Runtime, caller: Caller) -> str:
    """Take one step and return the authorization code when all is proven.

    Raises:
        UnauthorizedClient: Not a first-party client.
        InsufficientAuthorization: Something is still to be sent.
        InvalidSession: `auth_session` was changed, is too old, or is another client's.
        ProtocolError: As `sign_in` and the authorization request.
    """
    client = who.client
    if not client.first_party:
        caller.trail.failed("kind of client", "first-party", "another")
        raise UnauthorizedClient("Only first-party clients may sign people in without a browser.")
    caller.trail.passed("kind of client", "first-party", "first-party")
    request = await _request(params, client=client, rt=rt, caller=caller)
    if not all(name in params for name in _STEP_FIELDS):
        raise InsufficientAuthorization(auth_session=_seal(request, client=client, rt=rt))
    attempt = SignInTry(
        username=params["username"], fields={"password": params["password"]}, channel="" if who.proved else "challenge"
    )
    signed_in = await sign_in(attempt, in_browser=False, previous=None, client=client, rt=rt, caller=caller)
    return await issue_code(
        request,
        client=client,
        session_id=signed_in.session.id,
        user_id=signed_in.user.id,
        sign_in=signed_in.sign_in,
        rt=rt,
        caller=caller,
    )


async def _request(params: dict[str, str], *, client: Client, rt: Runtime, caller: Caller) -> AuthorizationRequest:
    if (text := params.get("auth_session")) is not None:
        try:
            value = unseal(text, purpose=_PURPOSE, browser=client.id, rt=rt, now=rt.clock())
        except ProtocolError as error:
            caller.trail.failed("auth_session", "one that was made for this client, within its time", error.detail)
            raise InvalidSession("The auth_session is not valid. Begin again.", detail=error.detail) from None
        return AuthorizationRequest(**value | {"scopes": frozenset(value["scopes"])})
    if "authorization_details" in params:
        raise InvalidAuthorizationDetails("People approve a transaction on a page: ask for it at /authorize.")
    resources = {a: r for a in client.audiences if (r := await rt.store.read.resources.get(a)) is not None}
    asked = {name: params[name] for name in _ASKED if name in params} | {"response_type": "code"}
    return check_request(
        asked,
        client=client,
        redirect_uri="",
        resource_scopes={audience: frozenset(resource.scopes) for audience, resource in resources.items()},
        trail=caller.trail,
    )


_ASKED = ("scope", "code_challenge", "code_challenge_method", "resource", "nonce", "dpop_jkt")


def _seal(request: AuthorizationRequest, *, client: Client, rt: Runtime) -> str:
    value: dict[str, object] = {
        "client_id": request.client_id,
        "redirect_uri": "",
        "scopes": sorted(request.scopes),
        "audience": request.audience,
        "state": None,
        "nonce": request.nonce,
        "code_challenge": request.code_challenge,
        "dpop_jkt": request.dpop_jkt,
    }
    return seal(value, purpose=_PURPOSE, browser=client.id, rt=rt, now=rt.clock(), lasts_s=_LASTS_S)
