"""`/check`: forward authentication for nginx (`auth_request`), Traefik (ForwardAuth), Caddy (`forward_auth`) and Envoy (`ext_authz`).

200: let it pass. 401 and 403: don't. Anything else is a fault of the proxy's configuration (400) or an outage (503), and every one of
these proxies then refuses: nginx with 500.
"""

from starlette.requests import Request
from starlette.responses import Response

from admit import challenge

from ..domain.check_request import Ambiguous, read_request
from ..domain.errors import InvalidRequest
from ..domain.scopes import format_scope
from ..flows.check import Asked, Passed, check
from ..flows.denials import record_code
from ..flows.verdict import Denied
from . import params, responses
from .forwarded import PATH, forwarded
from .security import peer_is_trusted
from .site import Site

# Nothing is said of token, rule or path: whoever asks past the proxy learns that there is a server.
STRANGER = Denied(
    code="proxy_not_trusted",
    status=403,
    check="who asks",
    expected="a proxy of server.trusted_proxies",
    found="somebody else",
)


async def check_endpoint(request: Request, site: Site) -> Response:
    """May this request pass, and who makes it?"""
    caller = site.caller(request)
    if not peer_is_trusted(request, trusted=site.trusted_proxies):
        caller.trail.failed(STRANGER.check, STRANGER.expected, STRANGER.found)
        return await _denied(STRANGER, request, site)
    told = forwarded(request)
    try:
        wanted = read_request(method=told.method, host=told.host, uri=told.uri)
    except Ambiguous as error:
        reading = Denied(
            code="ambiguous_request",
            status=403,
            check="request",
            expected="one that everybody reads alike",
            found=str(error),
        )
        caller.trail.failed(reading.check, reading.expected, reading.found)
        return await _denied(reading, request, site)
    try:
        shown = params.access_token(request)
    except InvalidRequest as error:
        broken = Denied(
            code="malformed_token",
            status=401,
            check="Authorization",
            expected="one bearer token",
            found=str(error),
            error="invalid_token",
        )
        caller.trail.failed(broken.check, broken.expected, broken.found)
        return await _denied(broken, request, site)
    asked = Asked(
        request=wanted,
        # Also one that is bound to a key (RFC 9449 section 7.1): the rule may leave it to an application that checks its proof.
        token=shown[1] if shown is not None else None,
        by_dpop=shown is not None and shown[0] == "DPoP",
        # Without the header the address is that of the proxy, and no limit on networks means that one.
        address=(caller.address or None) if "x-forwarded-for" in request.headers else None,
        use_id=told.use_id,
    )
    match await check(asked, rt=site.rt, caller=caller):
        case Passed() as passed:
            return Response(status_code=200, headers=responses.NO_STORE | _told(passed))
        case Denied() as denied:
            return await _denied(denied, request, site)


def _told(passed: Passed) -> dict[str, str]:
    """What the application behind the proxy is told. Bare names for logs and convenience; the assertion is what can be proved."""
    token, grant = passed.token, passed.token.grant if passed.token else None
    if token is None or grant is None or passed.assertion is None:
        return {}
    headers = {
        "X-Auth-Subject": grant.subject,
        "X-Auth-Client": grant.client_id,
        "X-Auth-Scopes": format_scope(token.scopes),
        "X-Auth-Grant": grant.id,
        "X-Auth-Assertion": passed.assertion,
    }
    if grant.bound_session is not None:
        headers["X-Auth-Session"] = grant.bound_session
    return {name: _plain(value) for name, value in headers.items()}


async def _denied(denied: Denied, request: Request, site: Site) -> Response:
    denial_id = await record_code(
        denied.code,
        rule=denied.expected,
        found=denied.found,
        endpoint=PATH,
        rt=site.rt,
        caller=site.caller(request),
    )
    # nginx hands on neither body nor headers of a refusal, but its configuration can read these.
    headers = {"X-Auth-Code": denied.code, "X-Auth-Denial": denial_id}
    if denied.status == 401 or denied.error is not None:
        headers["WWW-Authenticate"] = challenge.one(
            "Bearer",
            {
                "realm": site.rt.issuer,
                "error": denied.error,
                "scope": denied.scope,
                "acr_values": denied.acr,
                "max_age": denied.max_age_s,
            },
        )
    return responses.problem(denied.status, denied.code, denial_id=denial_id, headers=headers)


def _plain(value: str) -> str:
    """Text that can be the value of a header: printable ASCII (RFC 9110 section 5.5)."""
    if value.isascii() and value.isprintable():  # an assertion is long, and each request has one
        return value
    return "".join(char if " " <= char <= "~" else "?" for char in value)
