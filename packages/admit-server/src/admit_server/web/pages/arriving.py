"""What follows a sign-in: the cookies, and the way on to where the person was going."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import ProtocolError
from ...flows.authorize import after_sign_in, proceed, send_error
from ...flows.new_session import Occasion, SignedIn
from ...flows.runtime import DeviceCookie
from ..refused import recorded
from ..security import DEVICE_COOKIE_S, open_device, seal_device, set_cookie
from ..site import Site
from .authorize import to_next_page
from .returning import back_from_sign_in


async def arrived(signed_in: SignedIn, occasion: Occasion, request: Request, site: Site) -> Response:
    """To the app with its code, to its consent page, or to a page of ours."""
    if occasion.request is None or occasion.client is None:
        response = back_from_sign_in(request, site=site)
    else:
        asked, caller = occasion.request, site.caller(request)
        if signed_in.device is not None:
            # From here on this browser is one that the person signed in with.
            device = DeviceCookie(signed_in.user.id, signed_in.device, stands=True)
            caller = request.state.caller = replace(caller, device=device)
        try:
            step = await proceed(
                after_sign_in(asked), client=occasion.client, session=signed_in.session, rt=site.rt, caller=caller
            )
        except ProtocolError as error:
            if not error.may_redirect:
                raise
            denial_id = await recorded(error, request, site)
            step = send_error(
                error, redirect_uri=asked.redirect_uri, state=asked.state, rt=site.rt, denial_id=denial_id
            )
        response = to_next_page(step, request, site)
    _set_cookies(response, signed_in, request, site)
    return response


def _set_cookies(response: Response, signed_in: SignedIn, request: Request, site: Site) -> None:
    if signed_in.cookie is not None:
        set_cookie(response, site.cookies.session, signed_in.cookie, secure=site.cookies.secure)
    known = open_device(request.cookies.get(site.cookies.device), rt=site.rt)
    if signed_in.device is not None and known != DeviceCookie(signed_in.user.id, signed_in.device):
        device = seal_device(signed_in.user.id, signed_in.device, rt=site.rt)
        set_cookie(response, site.cookies.device, device, secure=site.cookies.secure, max_age_s=DEVICE_COOKIE_S)
