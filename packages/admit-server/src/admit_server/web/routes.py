"""The URL map and its check matrix: who may call what, how large a body may be, how refusals look, which origins may read."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from . import administration, check, related_origins
from .oauth import challenge, denials, leaked, leases, metadata, revocations, token, tokens_in_use
from .pages import address, authorize, consent, forgot, home, logout, new_password, sign_in, sign_up
from .pages.account import activity, apps, data, overview, passkeys, password, profile, sessions, tokens, ways
from .pages.account.methods import RECOVERY_CODES, TOTP
from .responses import Kind
from .site import Site

Endpoint = Callable[[Request, Site], Awaitable[Response]]
# public: any origin, never with credentials. client: the registered origins of the client. None: no other origin.
Cors = Literal["public", "client"] | None


@dataclass(frozen=True, slots=True)
class Route:
    """One address. `methods` map to endpoints; HEAD follows GET.

    `even`: answers to a POST take the same time whoever was named, the refusals or all of them: somebody is named before anything is
    proven, and what is read and written for people who exist takes time. An endpoint of `refusals` says by `request.state.even` that
    another answer is one of these too.
    """

    methods: dict[str, Endpoint]
    kind: Kind
    cors: Cors = None
    even: Literal["refusals", "answers"] | None = None


ROUTES: dict[str, Route] = {
    "/": Route({"GET": home.home}, "page"),
    "/livez": Route({"GET": home.livez}, "problem"),
    "/readyz": Route({"GET": home.readyz}, "problem"),
    "/.well-known/openid-configuration": Route({"GET": metadata.metadata_endpoint}, "problem", "public"),
    "/.well-known/oauth-authorization-server": Route({"GET": metadata.metadata_endpoint}, "problem", "public"),
    "/.well-known/oauth-protected-resource/api/v1": Route(
        {"GET": administration.resource_metadata}, "problem", "public"
    ),
    "/.well-known/webauthn": Route({"GET": related_origins.endpoint}, "problem"),
    "/jwks": Route({"GET": metadata.jwks_endpoint}, "problem", "public"),
    "/revocations": Route({"GET": revocations.revocations_endpoint}, "problem", "public"),
    "/token": Route({"POST": token.token_endpoint}, "oauth", "client"),
    "/revoke": Route({"POST": tokens_in_use.revoke_endpoint}, "oauth", "client"),
    "/lease": Route({"POST": leases.lease_endpoint}, "problem", "client"),
    "/introspect": Route({"POST": tokens_in_use.introspect_endpoint}, "oauth"),
    "/leaked": Route({"POST": leaked.leaked_endpoint}, "problem"),
    "/denials": Route({"POST": denials.denials_endpoint}, "problem"),
    # Every method: Envoy asks with that of the request itself.
    "/check": Route(
        dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"), check.check_endpoint), "problem"
    ),
    "/authorize-challenge": Route({"POST": challenge.challenge_endpoint}, "oauth", even="refusals"),
    "/userinfo": Route(
        {"GET": tokens_in_use.userinfo_endpoint, "POST": tokens_in_use.userinfo_endpoint}, "oauth", "client"
    ),
    "/authorize": Route({"GET": authorize.authorize_endpoint, "POST": authorize.authorize_endpoint}, "page"),
    "/sign-in": Route({"GET": sign_in.show, "POST": sign_in.post}, "page", even="refusals"),
    "/forgot": Route({"GET": forgot.show, "POST": forgot.post}, "page", even="answers"),
    "/reset": Route({"GET": new_password.shows("reset"), "POST": new_password.judges("reset")}, "page"),
    "/invitation": Route({"GET": new_password.shows("invitation"), "POST": new_password.judges("invitation")}, "page"),
    "/recovery": Route({"GET": new_password.shows("recovery"), "POST": new_password.judges("recovery")}, "page"),
    "/address": Route({"GET": address.show, "POST": address.post}, "page"),
    "/sign-up": Route({"GET": sign_up.show, "POST": sign_up.post}, "page", even="answers"),
    "/sign-up/confirm": Route({"GET": sign_up.show_confirm, "POST": sign_up.confirm}, "page"),
    "/consent": Route({"GET": consent.show, "POST": consent.post}, "page"),
    "/account": Route({"GET": overview.show}, "page"),
    "/account/profile": Route({"GET": profile.show, "POST": profile.post}, "page"),
    "/account/sessions": Route({"GET": sessions.show, "POST": sessions.post}, "page"),
    "/account/passkeys": Route({"GET": passkeys.show, "POST": passkeys.post}, "page"),
    "/account/apps": Route({"GET": apps.show, "POST": apps.post}, "page"),
    "/account/activity": Route({"GET": activity.show}, "page"),
    "/account/totp": Route({"GET": TOTP.show, "POST": TOTP.post}, "page"),
    "/account/totp/add": Route({"GET": TOTP.show_add, "POST": TOTP.post_add}, "page"),
    "/account/recovery-codes": Route({"GET": RECOVERY_CODES.show, "POST": RECOVERY_CODES.post}, "page"),
    "/account/recovery-codes/add": Route({"GET": RECOVERY_CODES.show_add, "POST": RECOVERY_CODES.post_add}, "page"),
    "/account/ways": Route({"GET": ways.show, "POST": ways.post}, "page"),
    "/account/password": Route({"GET": password.show, "POST": password.post}, "page"),
    "/account/data": Route({"GET": data.show, "POST": data.post}, "page"),
    "/account/tokens": Route({"GET": tokens.show, "POST": tokens.post}, "page"),
    "/logout": Route({"GET": logout.logout_endpoint, "POST": logout.logout_endpoint}, "page"),
}
# What is below it stands in web/api/table.py.
API = Route(dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"), administration.endpoint), "problem")
STATIC = Route({"GET": home.static}, "page")
NOWHERE = Route({}, "page")


def find(path: str) -> Route:
    """The route of a path."""
    if path == "/api/v1" or path.startswith("/api/v1/"):
        return API
    if (route := ROUTES.get(path)) is not None:
        return route
    if path.startswith("/check/"):  # Envoy puts the path of the request behind it
        return ROUTES["/check"]
    return STATIC if path.startswith("/static/") else NOWHERE
