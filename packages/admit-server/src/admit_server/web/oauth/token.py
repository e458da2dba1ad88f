"""`POST /token`: one parsed grant, one flow."""

from collections.abc import Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from admit import dpop
from admit.jose import Malformed
from admit.jose.strict_json import parse_object

from ...domain.client import GRANT_TYPES
from ...domain.confirmation import Confirmation, Holder
from ...domain.descent import ACCESS_TOKEN, JWT, TOKEN_EXCHANGE
from ...domain.errors import InvalidAuthorizationDetails, InvalidRequest, UnsupportedGrantType
from ...domain.narrowing import wanted_limits
from ...domain.scopes import parse_scope
from ...flows.binding import check_proof
from ...flows.client_auth import authenticate_client
from ...flows.token import authorization_code, client_credentials, refresh_token, token_exchange
from ...flows.token.authorization_code import CodeGrant
from ...flows.token.client_credentials import ClientCredentialsGrant
from ...flows.token.refresh_token import RefreshGrant
from ...flows.token.token_exchange import ExchangeGrant
from .. import params, responses
from ..site import Site

LIMIT = 16_384
TokenRequest = CodeGrant | RefreshGrant | ClientCredentialsGrant | ExchangeGrant


def parse_grant(form: dict[str, str]) -> TokenRequest:
    """The grant that a form asks for.

    Raises:
        InvalidRequest: A parameter is missing.
        UnsupportedGrantType: Not one that this server knows.
    """

    def need(name: str) -> str:
        if name not in form:
            raise InvalidRequest(f"{name} is missing.")
        return form[name]

    if "authorization_details" in form:
        # RFC 9396 section 6: could ask for less than was approved; a transaction has no less.
        raise InvalidAuthorizationDetails("A transaction is asked for at /authorize, and its ticket is for all of it.")
    match need("grant_type"):
        case "authorization_code":
            return CodeGrant(need("code"), form.get("redirect_uri"), form.get("code_verifier"))
        case "refresh_token":
            return RefreshGrant(need("refresh_token"), parse_scope(form.get("scope", "")))
        case "client_credentials":
            return ClientCredentialsGrant(parse_scope(form.get("scope", "")), form.get("resource"))
        case grant_type if grant_type == TOKEN_EXCHANGE:
            return _parse_exchange(form, need)
        case _:
            raise UnsupportedGrantType(f"grant_type is one of {', '.join(GRANT_TYPES)}.")


def _parse_exchange(form: dict[str, str], need: Callable[[str], str]) -> ExchangeGrant:
    """RFC 8693 section 2.1; `limits` is ours, documented in docs/reference/http.md."""
    if need("subject_token_type") not in (ACCESS_TOKEN, JWT):
        raise InvalidRequest(f"subject_token_type is {ACCESS_TOKEN}, or {JWT} for one in that form.")
    if form.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
        raise InvalidRequest(f"requested_token_type is {ACCESS_TOKEN}; nothing else is issued for a token.")
    if "actor_token" in form or "actor_token_type" in form:
        raise InvalidRequest("actor_token is not understood: the client that exchanges is the actor.")
    try:
        limits = parse_object(form["limits"].encode(), what="limits", unique=True) if "limits" in form else {}
    except Malformed as error:
        raise InvalidRequest("limits is a JSON object, each name once.", detail=str(error)) from None
    return ExchangeGrant(
        subject_token=need("subject_token"),
        scopes=parse_scope(form.get("scope", "")),
        targets=frozenset(form[name] for name in ("resource", "audience") if name in form),
        limits=wanted_limits(limits),
    )


async def token_endpoint(request: Request, site: Site) -> Response:
    """Read, authenticate, parse, exchange."""
    form = await params.read_form(request, limit=LIMIT)
    rt, caller = site.rt, site.caller(request)
    who = await authenticate_client(params.client_credentials(request, form), rt=rt, caller=caller)
    request.state.client_id = who.client.id
    caller = site.with_holder(request, _holder(request, site))
    match parse_grant(form):
        case CodeGrant() as grant:
            issued = await authorization_code.exchange(grant, who=who, rt=rt, caller=caller)
        case RefreshGrant() as grant:
            issued = await refresh_token.exchange(grant, who=who, rt=rt, caller=caller)
        case ClientCredentialsGrant() as grant:
            issued = await client_credentials.exchange(grant, who=who, rt=rt, caller=caller)
        case ExchangeGrant() as grant:
            issued = await token_exchange.exchange(grant, who=who, rt=rt, caller=caller)
    return responses.tokens(issued, next_nonce=caller.holder.next_nonce)


def _holder(request: Request, site: Site) -> Holder:
    """What the request proves that its client holds: a key by the header `DPoP`, a certificate by the trusted proxy."""
    certificate = site.certificate(request)
    proofs = request.headers.getlist("dpop")
    if not proofs:
        return Holder(Confirmation(x5t=certificate))
    # The address comes from the settings, never from the request.
    asked = dpop.Request(method=request.method, url=f"{site.rt.issuer}/token")
    holder = check_proof(proofs, asked, rt=site.rt, caller=site.caller(request))
    return replace(holder, proved=Confirmation(jkt=holder.proved.jkt, x5t=certificate))
