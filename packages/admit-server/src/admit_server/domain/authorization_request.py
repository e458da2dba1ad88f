"""The authorization request, parsed, and the rules it has to pass, top to bottom."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .client import Client
from .confirmation import check_thumbprint
from .errors import (
    InvalidRequest,
    InvalidTarget,
    ProtocolError,
    RedirectUriMismatch,
    RegistrationNotSupported,
    RequestNotSupported,
    RequestUriNotSupported,
    UnknownClient,
    UnsupportedResponseType,
)
from .journey import Freshness
from .pkce import check_challenge
from .redirect_uris import match_redirect_uri, only_redirect_uri
from .scopes import OPENID, narrow, parse_scope
from .trail import Trail
from .transaction import Transaction, TransactionType, read_details

MAX_STATE = 1024
MOST_ACR_VALUES = 10
NO_TYPES: Mapping[str, Mapping[str, TransactionType]] = {}
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
_NOT_UNDERSTOOD: dict[str, type[ProtocolError]] = {
    "request": RequestNotSupported,
    "request_uri": RequestUriNotSupported,
    "registration": RegistrationNotSupported,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A request that passed every rule. Nothing in it is taken from the caller unchecked."""

    client_id: str
    redirect_uri: str
    scopes: frozenset[str]
    audience: str
    state: str | None
    nonce: str | None
    code_challenge: str | None
    prompt: frozenset[str] = frozenset()
    max_age_s: int | None = None
    login_hint: str = ""
    transaction: Transaction | None = None
    dpop_jkt: str = ""
    acr_values: tuple[str, ...] = ()

    @property
    def freshness(self) -> Freshness:
        """What it asks of the sign-in."""
        return Freshness(prompt=self.prompt, max_age_s=self.max_age_s)


def check_client_and_redirect(
    client: Client | None, redirect_uri: str | None, *, trail: Trail | None = None
) -> tuple[Client, str]:
    """The two rules whose failure is shown as a page and never redirected (RFC 6749 section 4.1.2.1).

    Raises:
        UnknownClient: No such client, or disabled.
        RedirectUriMismatch: Not registered.
    """
    trail = trail or Trail()
    if client is None or client.disabled_at is not None:
        trail.failed("client", "one that was added here, and is enabled", "disabled" if client else "unknown")
        raise UnknownClient("The application that sent you here is not known to this server.")
    trail.client_id = client.id
    trail.passed("client", "one that was added here, and is enabled", client.id)
    try:
        if redirect_uri is None:
            matched = only_redirect_uri(client.redirect_uris)
        else:
            matched = match_redirect_uri(redirect_uri, registered=client.redirect_uris)
    except RedirectUriMismatch:
        trail.failed("redirect_uri", client.redirect_uris, redirect_uri)
        raise
    trail.passed("redirect_uri", client.redirect_uris, redirect_uri)
    return client, matched


def check_request(
    params: dict[str, str],
    *,
    client: Client,
    redirect_uri: str,
    resource_scopes: dict[str, frozenset[str]],
    transaction_types: Mapping[str, Mapping[str, TransactionType]] = NO_TYPES,
    details: Any = None,
    trail: Trail | None = None,
) -> AuthorizationRequest:
    """Apply every other rule; a failure is sent back to the client's redirect URI.

    Args:
        params: Query or form parameters, each once.
        client: The client, found by `client_id`.
        redirect_uri: As matched.
        resource_scopes: Scopes of each known resource, by audience.
        transaction_types: Types of transactions of each known resource, by audience.
        details: `authorization_details`, parsed; None where it was not sent.
        trail: Where to write down what was checked.
    """
    trail = trail or Trail()
    response_type = params.get("response_type")
    if response_type is None:
        raise InvalidRequest("response_type is missing.")
    if response_type != "code":
        raise UnsupportedResponseType("response_type must be code.")
    trail.passed("response_type", "code", response_type)
    client.require_grant_type("authorization_code", trail)
    # OpenID Connect Core section 6 and RFC 9101: refuse what is not understood rather than ignore it.
    for name, refusal in _NOT_UNDERSTOOD.items():
        if name in params:
            trail.failed(f"parameter {name}", "not sent: this server does not understand it", "sent")
            raise refusal(f"The {name} parameter is not supported.")
    if params.get("response_mode", "query") != "query":
        raise InvalidRequest("response_mode must be query.")
    state = params.get("state")
    if state is not None and len(state) > MAX_STATE:
        raise InvalidRequest(f"state has at most {MAX_STATE} characters.")
    audience = choose_audience(params.get("resource"), client=client, known=frozenset(resource_scopes), trail=trail)
    allowed = client.scopes & (resource_scopes.get(audience, frozenset()) | OPENID)
    transaction = None
    if details is not None or "authorization_details" in params:
        types = transaction_types.get(audience, {})
        transaction = read_details(details, types=types, audience=audience)
        trail.passed("authorization_details", types, transaction.type)
    wanted = parse_scope(params.get("scope", ""))
    # A ticket for one transaction has no scopes but those that are asked for.
    scopes = wanted if transaction and not wanted else narrow(wanted, allowed=allowed, trail=trail)
    challenge = check_challenge(
        params.get("code_challenge"),
        params.get("code_challenge_method"),
        # RFC 9700 section 2.1.1: public clients MUST use PKCE, whatever was registered.
        required=client.pkce_required or client.kind == "public",
    )
    trail.passed("code_challenge", "one by S256, where the client needs it", "one by S256" if challenge else None)
    prompt = frozenset(params.get("prompt", "").split())
    if prompt - PROMPTS or ("none" in prompt and len(prompt) > 1):
        raise InvalidRequest("prompt is one of none, login, consent, select_account; none stands alone.")
    return AuthorizationRequest(
        client_id=client.id,
        redirect_uri=redirect_uri,
        scopes=scopes,
        audience=audience,
        state=state,
        nonce=_short(params, "nonce"),
        code_challenge=challenge,
        prompt=prompt,
        max_age_s=_max_age(params.get("max_age")),
        login_hint=params.get("login_hint", "")[:64],
        acr_values=_acr_values(params.get("acr_values")),
        transaction=transaction,
        # RFC 9449 section 10: the code will be good only with a proof by this key.
        dpop_jkt=check_thumbprint(params.get("dpop_jkt"), name="dpop_jkt"),
    )


def choose_audience(requested: str | None, *, client: Client, known: frozenset[str], trail: Trail | None = None) -> str:
    """The resource that the token is for: the one asked for (RFC 8707), or the client's only one.

    Raises:
        InvalidTarget: Unknown, not among the client's audiences, or none asked for where the client has several.
    """
    trail = trail or Trail()
    if requested is not None:
        if requested not in client.audiences or requested not in known:
            trail.failed("resource", known & set(client.audiences), requested)
            raise InvalidTarget("This client may not ask for that resource.")
        chosen = requested
    elif len(client.audiences) == 1 and client.audiences[0] in known:
        chosen = client.audiences[0]
    else:
        trail.failed("resource", client.audiences, "none was named, and there is not exactly one")
        raise InvalidTarget("Name the resource: this client may use several, or none.")
    trail.resource = chosen
    trail.passed("resource", client.audiences, chosen)
    return chosen


def _short(params: dict[str, str], name: str) -> str | None:
    value = params.get(name)
    if value is not None and len(value) > 256:
        raise InvalidRequest(f"{name} has at most 256 characters.")
    return value


def _acr_values(text: str | None) -> tuple[str, ...]:
    values = tuple((text or "").split())
    if len(values) > MOST_ACR_VALUES or any(len(value) > 200 for value in values):
        raise InvalidRequest(f"acr_values has at most {MOST_ACR_VALUES} values of 200 characters.")
    return values


def _max_age(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidRequest("max_age is a number of seconds.")
    return int(text)
