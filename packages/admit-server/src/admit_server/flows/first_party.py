"""Sign-in without a browser, for first-party clients only (OAuth 2.0 for First-Party Applications, draft-ietf-oauth-first-party-apps)."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from ..domain.authorization_request import AuthorizationRequest, check_request
from ..domain.client import Client
from ..domain.errors import InvalidAuthorizationDetails, ProtocolError, UnauthorizedClient
from ..domain.user import User
from .client_auth import AuthenticatedClient
from .journeys import steps
from .journeys.state import Asked, Journey, seal_challenge, seal_journey, unseal_challenge, unseal_journey
from .new_code import CodeToBe, prepare_code
from .new_session import Occasion
from .runtime import Caller, Runtime
from .sealed_request import seal, unseal
from .sign_in import NextStep, SignInTry, sign_in

_PURPOSE = "authorization-challenge"
_LASTS_S = 600
# What belongs to the request; everything else is the answer to a step.
_OURS = frozenset(
    {"client_id", "client_secret", "auth_session", "method", "username", "scope", "resource", "nonce", "dpop_jkt"}
    | {"code_challenge", "code_challenge_method"}
)


class InsufficientAuthorization(ProtocolError):
    """A proof is still missing; the client goes on with `auth_session` (section 5.3.1 of the draft)."""

    code: ClassVar[str] = "insufficient_authorization"

    def __init__(self, *, auth_session: str, step: dict[str, object]) -> None:
        super().__init__("Send what the step asks for, together with auth_session.")
        self.auth_session, self.step = auth_session, step


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
    request, journey, asked = await _resumed(params, client=client, rt=rt, caller=caller)
    channel = "" if who.proved else "challenge"

    def code(user: User) -> CodeToBe:
        return prepare_code(request, client=client, user_id=user.id, rt=rt, caller=caller)

    occasion = Occasion(in_browser=False, request=request, client=client, code=code)
    method = params.get("method") or (asked.authenticator if asked is not None else "password")
    if not _is_answer(params, method, journey):
        wish = params.get("method", "")
        chosen = replace(journey, name=params.get("username", journey.name), choice=wish or journey.choice)
        step = await steps.offer(chosen, occasion, may_send=bool(wish), channel=channel, rt=rt, caller=caller)
        raise _insufficient(request, step, client=client, rt=rt)
    attempt = SignInTry(
        name=params.get("username", ""),
        method=method,
        response={name: value for name, value in params.items() if name not in _OURS},
        journey=journey,
        asked=asked if asked is not None and asked.authenticator == method else None,
        channel=channel,
    )
    outcome = await sign_in(attempt, occasion, rt=rt, caller=caller)
    if isinstance(outcome, NextStep):
        step = await steps.offer(outcome.journey, occasion, may_send=True, channel=channel, rt=rt, caller=caller)
        raise _insufficient(request, step, client=client, rt=rt)
    if outcome.code is None:
        raise RuntimeError("a code was asked for")
    return outcome.code


def _is_answer(params: Mapping[str, str], method: str, journey: Journey) -> bool:
    """Whether a step is answered, or asked for."""
    if method == "password":
        return "password" in params and ("username" in params or bool(journey.name or journey.user_id))
    return any(name not in _OURS for name in params)


async def _resumed(
    params: dict[str, str], *, client: Client, rt: Runtime, caller: Caller
) -> tuple[AuthorizationRequest, Journey, Asked | None]:
    """The request, how far its journey is, and the challenge that was given out last."""
    text, now = params.get("auth_session"), rt.clock()
    request = await _request(params, client=client, rt=rt, caller=caller)
    if text is None:
        return request, Journey(), None
    # It was sealed for this client as a whole, so its parts are too.
    value = unseal(text, purpose=_PURPOSE, browser=client.id, rt=rt, now=now)
    journey = unseal_journey(value["journey"], browser=client.id, rt=rt, now=now)
    asked = value.get("asked")
    return request, journey, unseal_challenge(asked, browser=client.id, rt=rt, now=now) if asked else None


def _insufficient(
    request: AuthorizationRequest, step: steps.Step, *, client: Client, rt: Runtime
) -> InsufficientAuthorization:
    """Section 5.3.1 of the draft leaves to each server what it tells beyond `auth_session`; here it is the step."""
    challenge = step.pending.challenge if step.pending is not None else None
    shown: dict[str, Any] = {
        "method": step.method,
        "fields": list(challenge.fields) if challenge is not None else ["username"],
        "others": list(step.others),
    }
    if challenge is not None and challenge.public:
        shown["public"] = json.loads(json.dumps(dict(challenge.public)))
    return InsufficientAuthorization(auth_session=_seal(request, step, client=client, rt=rt), step=shown)


async def _request(params: dict[str, str], *, client: Client, rt: Runtime, caller: Caller) -> AuthorizationRequest:
    if (text := params.get("auth_session")) is not None:
        try:
            value = unseal(text, purpose=_PURPOSE, browser=client.id, rt=rt, now=rt.clock())
        except ProtocolError as error:
            caller.trail.failed("auth_session", "one that was made for this client, within its time", error.detail)
            raise InvalidSession("The auth_session is not valid. Begin again.", detail=error.detail) from None
        kept = value["request"]
        return AuthorizationRequest(**kept | {"scopes": frozenset(kept["scopes"])})
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


def _seal(request: AuthorizationRequest, step: steps.Step, *, client: Client, rt: Runtime) -> str:
    now = rt.clock()
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
    # Who signs in on an app never sets something up on the way: that is for pages.
    journey = seal_journey(step.journey, browser=client.id, rt=rt, now=now)
    parts: dict[str, object] = {"request": value, "journey": journey}
    if step.pending is not None and not step.enrol:
        parts["asked"] = seal_challenge(
            step.pending, user_id=step.journey.proved_user, browser=client.id, rt=rt, now=now
        )
    return seal(parts, purpose=_PURPOSE, browser=client.id, rt=rt, now=now, lasts_s=_LASTS_S)
