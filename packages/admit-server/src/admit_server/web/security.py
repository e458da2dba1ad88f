"""What protects the pages: cookies, origins, form tokens, headers, and where a request came from."""

import hmac
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from admit.binding import forwarded_certificate

from ..domain.errors import AccessDenied, InvalidRequest
from ..domain.redirect_uris import origin_of
from ..flows.runtime import Caller, DeviceCookie, Runtime
from ..tokens.envelope import NotSealedHere

DEVICE_COOKIE_S = 365 * 86_400
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class CookieNames:
    """`__Host-` over https; on http loopback the port stands in the name, because ports share one cookie jar."""

    session: str
    browser: str
    journeys: str
    device: str
    back: str
    secure: bool

    @classmethod
    def for_issuer(cls, issuer: str) -> "CookieNames":
        """Names fit for the issuer's scheme and port."""
        parts = urlsplit(issuer)
        stem = "__Host-admit" if parts.scheme == "https" else f"admit-{parts.port or 80}"
        return cls(
            session=f"{stem}-sid",
            browser=f"{stem}-bid",
            journeys=f"{stem}-jid",
            device=f"{stem}-did",
            back=f"{stem}-back",
            secure=parts.scheme == "https",
        )


def set_cookie(response: Response, name: str, value: str, *, secure: bool, max_age_s: int | None = None) -> None:
    """A cookie of ours: HttpOnly, SameSite=Lax, for the whole host."""
    response.set_cookie(name, value, max_age=max_age_s, path="/", secure=secure, httponly=True, samesite="lax")


def clear_cookie(response: Response, name: str, *, secure: bool) -> None:
    """Take a cookie back."""
    response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")


def form_token(browser: str, *, rt: Runtime) -> str:
    """The token that a form of this browser carries."""
    return rt.vault.mac("form token", browser.encode()).hex()


def check_form_post(request: Request, form: dict[str, str], *, browser: str | None, rt: Runtime) -> str:
    """Refuse a state-changing post that our own page did not send; returns the browser's id.

    Only `Sec-Fetch-Site: same-origin` or a matching Origin passes, never `same-site`, and the form token has to be this browser's.

    Raises:
        AccessDenied: One of these does not hold.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    same = site == "same-origin" if site is not None else origin == rt.issuer
    if not same or (origin is not None and origin not in (rt.issuer, "null") and site != "same-origin"):
        text = "This form was not sent from our own page."
        raise AccessDenied(text, detail=f"sec-fetch-site {site!r}, origin {origin!r}", advice=text)
    if browser is None:
        text = "Your browser did not send back our cookie. Allow cookies for this address, go back and try again."
        raise AccessDenied(text, detail="no browser cookie", advice=text)
    if not hmac.compare_digest(form.get("form_token", "").encode(), form_token(browser, rt=rt).encode()):
        text = "This page is too old, or was opened in another browser. Go back and try again."
        raise AccessDenied(text, detail="the form token is not this browser's", advice=text)
    return browser


def seal_device(user_id: str, device: str, *, rt: Runtime) -> str:
    """The device cookie: this browser signed this person in before. It counts while `flows.devices` knows it."""
    return rt.vault.seal(f"{user_id} {device}".encode(), place="cookie/device", nonce=rt.entropy(12)).hex()


def open_device(cookie: str | None, *, rt: Runtime) -> DeviceCookie | None:
    """What a device cookie says; None for none, or one that is not ours."""
    if not cookie:
        return None
    try:
        user_id, _, device = rt.vault.open(bytes.fromhex(cookie), place="cookie/device").decode().partition(" ")
    except (ValueError, NotSealedHere):
        return None
    return DeviceCookie(user_id, device)


def page_policy(redirect_uri: str | None, *, script: bool = False) -> str:
    """The Content-Security-Policy of a page. `form-action` names where this very form may lead; `script`: files of ours may run.

    Chromium applies `form-action` to the redirect that follows the post, so the validated redirect origin has to be in it.
    """
    actions = ["'self'"]
    if redirect_uri:
        origin = origin_of(redirect_uri)
        # A private-use scheme has no origin; the scheme itself is what the directive can name. Both were checked at registration.
        actions.append(origin if origin is not None else f"{urlsplit(redirect_uri).scheme}:")
    scripts = "script-src 'self'; " if script else ""
    return (
        f"default-src 'none'; {scripts}style-src 'self'; img-src 'self' data:; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action {' '.join(actions)}"
    )


def caller_of(request: Request, *, trusted: tuple[Network, ...]) -> Caller:
    """Where the request came from: the peer, or, behind trusted proxies only, what they forwarded."""
    peer = request.client.host if request.client else ""
    address = _client_address(peer, request.headers.getlist("x-forwarded-for"), trusted)
    return Caller(
        network=_network_of(address),
        address=str(address or ""),
        user_agent=request.headers.get("user-agent", "")[:256],
    )


def peer_is_trusted(request: Request, *, trusted: tuple[Network, ...]) -> bool:
    """Whether the request comes straight from a trusted proxy."""
    peer = _parse(request.client.host) if request.client else None
    return peer is not None and any(peer in network for network in trusted if network.version == peer.version)


def certificate_of(request: Request, *, header: str, trusted: tuple[Network, ...]) -> str:
    """The thumbprint of the client's certificate (RFC 8705 section 3.1), if a trusted proxy tells one; '' for none.

    Whoever else sends the header is not believed: it is as if it were not there.

    Raises:
        InvalidRequest: The proxy's header is repeated, or holds no certificate.
    """
    if not peer_is_trusted(request, trusted=trusted):
        return ""
    try:
        return forwarded_certificate(request.headers.getlist(header)) or ""
    except ValueError as error:
        raise InvalidRequest("The client certificate can't be read.", detail=f"{header}: {error}") from None


def _client_address(peer: str, forwarded: list[str], trusted: tuple[Network, ...]) -> Address | None:
    address = _parse(peer)
    hops = [hop.strip() for line in forwarded for hop in line.split(",")]
    while (
        address is not None
        and hops
        and any(address in network for network in trusted if network.version == address.version)
    ):
        before = _parse(hops.pop())
        if before is None:
            break
        address = before
    return address


def _network_of(address: Address | None) -> str:
    if address is None:
        return ""
    # An IPv6 customer holds at least a /64; one address of it says little.
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


def _parse(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if address.version == 6 and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
