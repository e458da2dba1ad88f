"""`POST /token`: one parsed grant, one flow."""

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import InvalidRequest, UnsupportedGrantType
from ...domain.scopes import parse_scope
from ...flows.client_auth import authenticate_client
from ...flows.token import authorization_code, client_credentials, refresh_token
from ...flows.token.authorization_code import CodeGrant
from ...flows.token.client_credentials import ClientCredentialsGrant
from ...flows.token.refresh_token import RefreshGrant
from .. import params, responses
from ..site import Site

LIMIT = 16_384
TokenRequest = CodeGrant | RefreshGrant | ClientCredentialsGrant


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

    match need("grant_type"):
        case "authorization_code":
            return CodeGrant(need("code"), form.get("redirect_uri"), form.get("code_verifier"))
        case "refresh_token":
            return RefreshGrant(need("refresh_token"), parse_scope(form.get("scope", "")))
        case "client_credentials":
            return ClientCredentialsGrant(parse_scope(form.get("scope", "")), form.get("resource"))
        case _:
            raise UnsupportedGrantType("grant_type is one of authorization_code, refresh_token, client_credentials.")


async def token_endpoint(request: Request, site: Site) -> Response:
    """Read, authenticate, parse, exchange."""
    form = await params.read_form(request, limit=LIMIT)
    rt, caller = site.rt, site.caller(request)
    who = await authenticate_client(params.client_credentials(request, form), rt=rt, caller=caller)
    request.state.client_id = who.client.id
    match parse_grant(form):
        case CodeGrant() as grant:
            issued = await authorization_code.exchange(grant, who=who, rt=rt, caller=caller)
        case RefreshGrant() as grant:
            issued = await refresh_token.exchange(grant, who=who, rt=rt, caller=caller)
        case ClientCredentialsGrant() as grant:
            issued = await client_credentials.exchange(grant, who=who, rt=rt, caller=caller)
    return responses.tokens(issued)
