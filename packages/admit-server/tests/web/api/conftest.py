"""The API of a running site, called by root, who has the role admin, or by anybody else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from admit_server.domain.administration import ADMIN_CLIENT, ALL, api_audience
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import roles, tokens, users
from admit_server.flows.runtime import Caller

BY_TEST = Caller(actor="test")


@dataclass
class Api:
    """Calls with one token."""

    site: Any
    token: str | None
    http: httpx2.AsyncClient

    async def call(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> httpx2.Response:
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        given = {"json": body} if body is not None else {}
        return await self.http.request(method, f"/api/v1{path}", headers=sent, **given, **more)

    async def get(self, path: str, **more: Any) -> httpx2.Response:
        return await self.call("GET", path, **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        return await self.call("POST", path, body, **more)

    async def patch(self, path: str, body: Any, **more: Any) -> httpx2.Response:
        """With the ETag of what is there."""
        headers = {"If-Match": (await self.get(path)).headers["etag"]} | dict(more.pop("headers", {}))
        return await self.call("PATCH", path, body, headers=headers, **more)

    async def delete(self, path: str, **more: Any) -> httpx2.Response:
        headers = {"If-Match": "*"} | dict(more.pop("headers", {}))
        return await self.call("DELETE", path, headers=headers, **more)

    async def document(self, path: str, **more: Any) -> Any:
        answer = await self.get(path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()


class Administrators:
    """Makes people with roles, and tokens of theirs."""

    def __init__(self, site: Any) -> None:
        self.site = site

    async def with_token(self, username: str, *scopes: str, **limits: Any) -> Api:
        new = tokens.NewToken(
            user=username,
            client=ADMIN_CLIENT,
            resource=api_audience(self.site.rt.issuer),
            scopes=frozenset(scopes),
            limits=TokenPolicy(**limits),
        )
        issued = await tokens.issue(new, rt=self.site.rt, caller=BY_TEST)
        return self.with_text(issued.tokens.access_token)

    def with_text(self, token: str | None) -> Api:
        return Api(self.site, token, self.site.http())

    async def helper(self, *scopes: str, name: str = "helper") -> Api:
        """Somebody with a role of these scopes and no more."""
        rt = self.site.rt
        await roles.add(f"{name}s", policy=None, scopes=frozenset(scopes), rt=rt, caller=BY_TEST)
        await users.add(users.NewUser(username=name, roles=(f"{name}s",)), rt=rt, caller=BY_TEST)
        return await self.with_token(name)


@pytest.fixture
async def people(site: Any) -> Administrators:
    await users.add(users.NewUser(username="root", roles=("admin",)), rt=site.rt, caller=BY_TEST)
    return Administrators(site)


@pytest.fixture
async def api(people: Administrators) -> Api:
    """Root's, with every scope."""
    return await people.with_token("root", *ALL)
