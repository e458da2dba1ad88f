"""The demo's data: one user, one client, one resource, for `admit serve --demo` on loopback."""

import logging
import os
from collections.abc import Awaitable
from urllib.parse import urlsplit

from .domain.errors import AlreadyExists
from .domain.redirect_uris import is_loopback
from .flows.admin import clients, resources, users
from .flows.runtime import Caller, Runtime

log = logging.getLogger("admit")

USERNAME = "demo"
PASSWORD = "stamped-ticket-2026"
CLIENT_ID = "demo-web"
# Where the demo API answers; the launcher says so when it had to take another port.
API = os.environ.get("ADMIT_DEMO_API", "http://127.0.0.1:8101")
SCOPES = {"notes:read": "Read your notes", "notes:write": "Write and delete your notes"}


class NotOnLoopback(ValueError):
    """The demo's password is known to everybody, so it is for loopback only."""


async def seed(rt: Runtime, *, api: str = API) -> None:
    """Add what is missing; what is there stays as it is.

    Raises:
        NotOnLoopback: The issuer is reachable by others.
    """
    if not is_loopback(urlsplit(rt.issuer)):
        raise NotOnLoopback(f"--demo adds a user whose password is known to everybody; {rt.issuer} is not on loopback")
    caller = Caller(actor="demo")
    read = rt.store.read
    if await read.resources.get(api) is None:
        await _add(resources.add(resources.NewResource(audience=api, scopes=SCOPES), rt=rt, caller=caller))
    if await read.clients.get(CLIENT_ID) is None:
        new = clients.NewClient(
            name="Demo notes",
            client_id=CLIENT_ID,
            kind="public",
            first_party=True,
            redirect_uris=(f"{api}/",),
            post_logout_redirect_uris=(f"{api}/",),
            scopes=frozenset({"openid", "profile", *SCOPES}),
            audiences=(api,),
        )
        await _add(clients.add(new, rt=rt, caller=caller))
    if await read.users.by_username_key(USERNAME) is None:
        await _add(users.add(users.NewUser(username=USERNAME, password=PASSWORD), rt=rt, caller=caller))
    log.warning("the demo user %s has a password that everybody knows: for trying things out only", USERNAME)


async def _add(adding: Awaitable[object]) -> None:
    try:
        await adding
    except AlreadyExists:
        # Another name under which the same thing stands already; the demo takes what is there.
        pass
