"""A server, a proxy and an application with rules, resources and people: what tests of forward authentication walk through."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.whole.apps import Person
from tests.whole.programs import HOST, eventually
from tests.whole.proxies import Upstream, ask
from tests.whole.servers import BY_TESTS, Server

from admit import Verifier
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import clients, resources, rules, tokens

JWT, OPAQUE = "https://notes.example.com", "https://opaque.example.com"
SCOPES = {"notes:read": "Read", "notes:write": "Write"}
RULES = [
    {"path": "/**", "audience": JWT, "scopes": frozenset({"notes:read"})},
    {"path": "/opaque/**", "audience": OPAQUE},
    {"path": "/once/**", "audience": OPAQUE, "redeem": True},
    {"path": "/admin/**", "audience": JWT, "scopes": frozenset({"notes:write"})},
    {"path": "/assets/**", "audience": None},
    {"host": "open.example.com", "path": "/**", "audience": None},
    {"host": "elsewhere.example.com", "path": "/**", "audience": None},
    {"host": "open.example.com", "path": "/admin/**", "audience": JWT},
]


@dataclass
class Gate:
    """Everything on its feet."""

    server: Server
    proxy: Any
    person: Person

    def issue(self, resource: str = JWT, *, scopes: tuple[str, ...] = ("notes:read",), **limits: Any) -> str:
        """A token by an administrator's hand."""
        new = tokens.NewToken(
            user=self.person.name,
            client="notes-app" if resource == JWT else "opaque-app",
            resource=resource,
            limits=TokenPolicy(**limits),
            scopes=frozenset(scopes),
        )
        issued = self.server.administer(lambda rt: tokens.issue(new, rt=rt, caller=BY_TESTS))
        token: str = issued.tokens.access_token
        return token

    def verifier(self) -> Verifier:
        return Verifier(issuer=self.server.url, audience=JWT)

    def refusal(self, path: str, token: str | None = None, **more: Any) -> tuple[int, str]:
        """Status and code of a refused request."""
        answer = ask(self.proxy.url, path, token, **more)
        return answer.status, answer.json["code"]


async def furnish(rt: Any) -> None:
    for audience, form, app in ((JWT, "jwt", "notes-app"), (OPAQUE, "opaque", "opaque-app")):
        new = resources.NewResource(audience=audience, scopes=SCOPES, format=form)
        await resources.add(new, rt=rt, caller=BY_TESTS)
        client = clients.NewClient(name=app, client_id=app, kind="public", first_party=True, audiences=(audience,))
        await clients.add(client, rt=rt, caller=BY_TESTS)
    for rule in RULES:
        await rules.add(rules.NewRule(**rule), rt=rt, caller=BY_TESTS)


def started(folder: Path, upstream: Upstream, proxy: Any, **options: Any) -> tuple[Gate, Callable[[], None]]:
    """Start it all; `proxy` is a class of tests.whole.proxies. Returns it, and what stops it."""
    server = Server(folder / "data", **options)
    os.environ["ADMIT_SERVER__TRUSTED_PROXIES"] = f'["{HOST}/32"]'
    try:
        server.start()
    finally:
        del os.environ["ADMIT_SERVER__TRUSTED_PROXIES"]
    server.administer(furnish)
    made = proxy(folder / "proxy", server, upstream)
    gate = Gate(server, made, server.add_user())
    eventually(lambda: ask(made.url, "/assets/x").status == 200, what="the rules")

    def stop() -> None:
        made.stop()
        server.stop()

    return gate, stop
