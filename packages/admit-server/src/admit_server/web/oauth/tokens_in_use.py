"""`POST /introspect`, `POST /revoke`, `/userinfo`: tokens that exist already."""

from starlette.requests import Request
from starlette.responses import Response

from admit.dpop import ALGORITHMS
from admit.limits import Attempt

from ...domain.confirmation import Confirmation, check_thumbprint
from ...domain.errors import (
    InsufficientScope,
    InsufficientUserAuthentication,
    InvalidDpopProof,
    InvalidRequest,
    InvalidToken,
    ProtocolError,
)
from ...flows.client_auth import authenticate_client
from ...flows.introspect import introspect
from ...flows.redeem import Use
from ...flows.revoke import revoke
from ...flows.userinfo import userinfo
from .. import params, responses
from ..refused import refused
from ..site import Site

LIMIT = 32_768


async def introspect_endpoint(request: Request, site: Site) -> Response:
    """RFC 7662."""
    form = await params.read_form(request, limit=LIMIT)
    caller = site.caller(request)
    who = await authenticate_client(params.client_credentials(request, form), rt=site.rt, caller=caller)
    request.state.client_id = who.client.id
    body = await introspect(
        _token(form), who=who, rt=site.rt, caller=caller, use=_use(form), denial_id=form.get("denial_id")
    )
    return responses.json(body, headers=responses.NO_STORE)


async def revoke_endpoint(request: Request, site: Site) -> Response:
    """RFC 7009. Answers 200 for every token, good, unknown or foreign (section 2.2)."""
    form = await params.read_form(request, limit=LIMIT)
    caller = site.caller(request)
    who = await authenticate_client(params.client_credentials(request, form), rt=site.rt, caller=caller)
    request.state.client_id = who.client.id
    await revoke(_token(form), who=who, rt=site.rt, caller=caller)
    return Response(status_code=200, headers=responses.NO_STORE)


async def userinfo_endpoint(request: Request, site: Site) -> Response:
    """OpenID Connect Core section 5.3, by GET and POST."""
    if request.method == "POST":
        await params.read_body(request, limit=LIMIT)
    try:
        shown = params.access_token(request)
    except InvalidRequest as error:
        response = await refused(error, request, kind="oauth", site=site)
        # RFC 6750 section 3: the challenge comes with every request whose token does not enable access.
        response.headers["WWW-Authenticate"] = f'Bearer realm="{site.rt.issuer}", error="{error.code}"'
        return response
    if shown is None:
        # RFC 6750 section 3.1: no credentials, no error code.
        challenge = {"WWW-Authenticate": f'Bearer realm="{site.rt.issuer}"'}
        return responses.json({"error": "missing_token"}, status=401, headers=challenge | responses.NO_STORE)
    caller = site.caller(request)
    scheme, token = shown
    presented = site.presented(request, scheme)
    attempt = Attempt(method=request.method, path="/userinfo", address=caller.address or None, presented=presented)
    try:
        claims = await userinfo(token, rt=site.rt, caller=caller, use=Use(attempt=attempt))
    except (InvalidToken, InsufficientScope, InvalidDpopProof) as error:
        response = await refused(error, request, kind="oauth", site=site)
        if scheme == "DPoP" or error.detail == "token_bound":
            response.status_code = 401 if isinstance(error, InvalidDpopProof) else error.status
            response.headers["WWW-Authenticate"] = _dpop_challenge(error, site)
        return response
    return responses.json(claims, headers=responses.NO_STORE)


def _dpop_challenge(error: ProtocolError, site: Site) -> str:
    """RFC 9449 section 7.1: which algorithms a proof may use."""
    scope = ', scope="openid"' if isinstance(error, InsufficientScope) else ""
    if isinstance(error, InsufficientUserAuthentication):
        scope = f', max_age="{error.max_age_s}"'
    return f'DPoP realm="{site.rt.issuer}", error="{error.code}"{scope}, algs="{" ".join(ALGORITHMS)}"'


def _use(form: dict[str, str]) -> Use:
    """What the resource tells of one use (ours, documented in docs/reference/limits.md)."""
    return Use(
        attempt=Attempt(
            method=form.get("request_method"),
            path=form.get("request_path"),
            action=form.get("request_action"),
            address=form.get("client_address"),
            body_sha256=form.get("request_body_sha256"),
        ),
        use_id=form.get("use_id"),
        proved=Confirmation(
            jkt=check_thumbprint(form.get("proof_jkt"), name="proof_jkt"),
            x5t=check_thumbprint(form.get("certificate_x5t"), name="certificate_x5t"),
        ),
        enforces_limits=form.get("enforces") == "limits",
    )


def _token(form: dict[str, str]) -> str:
    if "token" not in form:
        raise InvalidRequest("token is missing.")
    return form["token"]
