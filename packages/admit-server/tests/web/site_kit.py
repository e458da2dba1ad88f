"""A whole site inside the test's process: a real database file, real keys, a clock that the test moves, cheap password hashes."""

import asyncio
import base64
import hashlib
import html
import json
import re
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from admit_server.app import Server, open_parts, open_site
from admit_server.flows.admin import built_in, clients, resources, users
from admit_server.flows.journeys.enrolment import add_credential, begin_enrolment, finish_enrolment
from admit_server.flows.journeys.state import Asked
from admit_server.flows.runtime import Caller, Runtime
from admit_server.machine import Machine
from admit_server.machine.clock import system_entropy
from admit_server.machine.hashing import Argon2Hasher, HashingLimits
from admit_server.ports.store import StoreUnavailable
from admit_server.settings import Settings, load_settings
from admit_server.starting import read_or_make_key_file

# Before today, so that a real server over the same template finds its keys active.
START = 1_700_000_000
ISSUER = "http://127.0.0.1:8100"
PASSWORD = "a sturdy pass phrase"
BOBS_PASSWORD = "another sturdy phrase"
API = "https://api.example"
OPAQUE_API = "https://opaque.example"
VERIFIER = "a-verifier-of-this-test-0123456789-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
CALLBACK = "https://app.example/cb"
FORM = "application/x-www-form-urlencoded"


class Clock:
    """Stands still until the test moves it."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: int) -> None:
        self.now += seconds


class CountingHasher(Argon2Hasher):
    """Argon2 with the least parameters there are; counts what was asked of it."""

    def __init__(self, limits: HashingLimits) -> None:
        super().__init__(replace(limits, memory_kib=8, passes=1, threads=1))
        self.verified: list[str | None] = []
        self.hashed = 0

    async def verify(self, encoded: str | None, password: str) -> bool:
        self.verified.append(encoded)
        return await super().verify(encoded, password)

    async def hash(self, password: str) -> str:
        self.hashed += 1
        return await super().hash(password)


@dataclass(frozen=True)
class Template:
    """A seeded data directory to copy, and the secrets of its clients."""

    directory: Path
    secrets: dict[str, str]


async def make_template(directory: Path) -> dict[str, str]:
    """Fill a data directory whose database is migrated already; the clients' secrets."""
    read_or_make_key_file(directory / "admit.key")
    settings = settings_for(directory)
    machine = Machine(clock=Clock(), hasher=CountingHasher)
    async with open_parts(settings, machine=machine) as (rt, _):
        return await seed(rt)


async def seed(rt: Runtime) -> dict[str, str]:
    caller = Caller(actor="test")
    await built_in.ensure(rt)
    secrets: dict[str, str] = {}

    async def client(client_id: str, **values: Any) -> None:
        # Without the built-in policy of pages: most tests are not about leases, and would have to renew one whenever they move the clock.
        new = clients.NewClient(name=f"The {client_id}", client_id=client_id, default_policy=False, **values)
        added = await clients.add(new, rt=rt, caller=caller)
        if added.secret is not None:
            secrets[client_id] = added.secret

    await client("api")
    scopes = {"notes:read": "Read your notes", "notes:write": "Write your notes"}
    for audience, token_format in ((API, "jwt"), (OPAQUE_API, "opaque")):
        new = resources.NewResource(audience=audience, scopes=scopes, format=token_format, client="api")
        await resources.add(new, rt=rt, caller=caller)
    after_logout = ("https://app.example/", "https://app.example/bye?from=admit")
    people: dict[str, Any] = {"audiences": (API,)}
    await client(
        "web",
        kind="public",
        first_party=True,
        redirect_uris=(CALLBACK,),
        post_logout_redirect_uris=after_logout,
        **people,
    )
    await client("portal", first_party=True, redirect_uris=("https://portal.example/cb?tenant=7",), **people)
    await client("third", kind="public", redirect_uris=("https://third.example/cb",), **people)
    native = ("com.example.app:/cb", "http://127.0.0.1/cb")
    await client("native", kind="public", first_party=True, redirect_uris=native, **people)
    old = {"redirect_uris": ("https://old.example/cb",), "pkce_required": False}
    await client("old", first_party=True, **old, **people)
    await client("opaque-web", kind="public", first_party=True, redirect_uris=(CALLBACK,), audiences=(OPAQUE_API,))
    await client("script", kind="public", first_party=True, **people)
    await client("robot", audiences=(API, OPAQUE_API), scopes=frozenset(scopes))
    await client("other-robot", audiences=(API,))
    alice = users.NewUser(username="alice", email="alice@example.com", roles=("editor",), password=PASSWORD)
    await users.add(alice, rt=rt, caller=caller)
    await users.add(users.NewUser(username="bob", password=BOBS_PASSWORD), rt=rt, caller=caller)
    await users.add(users.NewUser(username="nopassword"), rt=rt, caller=caller)
    return secrets


def settings_for(directory: Path, toml: str = "", **flags: Any) -> Settings:
    """Settings of nobody's environment: an own file, which is empty unless the test says more."""
    config = directory / "test.toml"
    config.write_text(toml)
    return load_settings(config=config, data=directory, **{"issuer": ISSUER, **flags})


class Site:
    """A running site, and what tests do with it."""

    def __init__(self, server: Server, clock: Clock, secrets: Mapping[str, str], directory: Path) -> None:
        self.server = server
        self.app: Any = server.application
        self.rt = server.runtime
        self.clock = clock
        self.secrets = secrets
        self.directory = directory
        self._clients: list[httpx2.AsyncClient] = []

    @property
    def hasher(self) -> CountingHasher:
        hasher = self.rt.hasher
        assert isinstance(hasher, CountingHasher)
        return hasher

    def http(self, *, address: str = "192.0.2.1", app: Any = None, base_url: str = "") -> httpx2.AsyncClient:
        """A client with a cookie jar of its own, at an address."""
        transport = httpx2.ASGITransport(app=app or self.app, client=(address, 50_000))
        client = httpx2.AsyncClient(transport=transport, base_url=base_url or self.rt.issuer)
        self._clients.append(client)
        return client

    def browser(self, *, address: str = "192.0.2.1", app: Any = None) -> "Browser":
        return Browser(self, self.http(address=address, app=app))

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()

    def proof(self, client_id: str) -> dict[str, str]:
        """Who the client is, for the form of a token request."""
        secret = self.secrets.get(client_id)
        return {"client_id": client_id} | ({"client_secret": secret} if secret else {})

    async def post(self, path: str, data: Mapping[str, str], *, app: Any = None, **more: Any) -> httpx2.Response:
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app or self.app, client=("192.0.2.7", 1)), base_url=self.rt.issuer
        ) as client:
            return await client.post(path, data=dict(data), **more)

    async def get(self, path: str, *, app: Any = None, **more: Any) -> httpx2.Response:
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app or self.app, client=("192.0.2.7", 1)), base_url=self.rt.issuer
        ) as client:
            return await client.get(path, **more)

    async def redeem(self, code: str, client_id: str = "web", **more: str) -> httpx2.Response:
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER} | self.proof(client_id)
        form |= more
        return await self.post("/token", {name: value for name, value in form.items() if value})

    async def refresh(self, token: str, client_id: str = "web", **more: str) -> httpx2.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token} | self.proof(client_id) | more
        return await self.post("/token", form)

    async def tokens(self, client_id: str = "web", **params: str) -> dict[str, Any]:
        """The first tokens of a fresh sign-in of alice."""
        code = await self.browser().code(client_id, **params)
        answer = await self.redeem(code, client_id)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def own_token(self, client_id: str = "robot", **more: str) -> httpx2.Response:
        form = {"grant_type": "client_credentials", "resource": API} | self.proof(client_id) | more
        return await self.post("/token", form)

    async def introspect(self, token: str, client_id: str = "api") -> dict[str, Any]:
        answer = await self.post("/introspect", {"token": token} | self.proof(client_id))
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def is_active(self, token: str) -> bool:
        active: bool = (await self.introspect(token))["active"]
        return active

    async def rows(self, sql: str, **params: Any) -> list[tuple[Any, ...]]:
        """Look into the database past all flows."""
        return await look_into(self.directory / "admit.db", sql)

    async def events(self) -> list[Any]:
        """What happened since the site was opened, newest first."""
        return [e for e in await self.rt.store.read.audit.latest(limit=200) if e.at > START]

    async def actions(self) -> list[str]:
        return [event.action for event in await self.events()]

    def with_runtime(self, **changes: Any) -> Any:
        """The same application over a runtime with something else in it."""
        site = self.app.site
        return type(self.app)(replace(site, rt=replace(site.rt, **changes)))


async def look_into(path: Path, sql: str) -> list[tuple[Any, ...]]:
    import sqlite3

    def look() -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    return await asyncio.to_thread(look)


@asynccontextmanager
async def running(
    template: Template, directory: Path, *, toml: str = "", entropy: Any = system_entropy, **flags: Any
) -> AsyncIterator[Site]:
    """A site over a copy of the template."""
    shutil.copytree(template.directory, directory, dirs_exist_ok=True)
    clock = Clock(START + 3600)
    machine = Machine(clock=clock, entropy=entropy, hasher=CountingHasher)
    async with open_site(settings_for(directory, toml, **flags), machine=machine) as server:
        site = Site(server, clock, template.secrets, directory)
        try:
            yield site
        finally:
            await site.close()


SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Origin": ISSUER}
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


def hidden_fields(page: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    return {name: html.unescape(value) for name, value in _HIDDEN.findall(page)}


def first_form(page: str) -> dict[str, str]:
    """The hidden fields of the first form of a page."""
    return hidden_fields(page[page.index("<form") :].partition("</form>")[0])


def passkey_form(page: str) -> tuple[dict[str, Any], dict[str, str]]:
    """What the form of a passkey asks of the browser, and its hidden fields."""
    (form,) = [text for text in re.findall(r"<form .*?</form>", page, re.DOTALL) if "data-passkey" in text]
    (options,) = re.findall(r"data-options='([^']*)'", form)
    return json.loads(html.unescape(options)), hidden_fields(form)


async def set_up(site: "Site", username: str, method: str, answer: Callable[[Any], dict[str, str]]) -> Any:
    """Add a way to sign in to somebody's account, as its page does; what the page showed.

    Args:
        site: Where.
        username: Whose account.
        method: The authenticator.
        answer: Makes the response to what the page asks.
    """
    rt, user = site.rt, await users.find(username, rt=site.rt)
    pending = await begin_enrolment(method, user, rt=rt, now=rt.clock())
    asked = Asked(method, pending.challenge.state, pending.id, user.id)
    response = answer(pending.challenge.public)
    addition = await finish_enrolment(method, user, asked, response, rt=rt, caller=Caller())
    await add_credential(addition, rt=rt, caller=Caller())
    return pending.challenge.public


def answer_of(response: httpx2.Response) -> dict[str, str]:
    """What a redirect to the client carries."""
    query = parse_qs(urlsplit(response.headers["location"]).query, keep_blank_values=True)
    return {name: values[0] for name, values in query.items()}


def request_of(client_id: str = "web", **params: str) -> dict[str, str]:
    """An authorization request; a parameter given as '' is left out."""
    asked = {
        "client_id": client_id,
        "response_type": "code",
        "scope": "openid notes:read",
        "state": "st-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | params
    return {name: value for name, value in asked.items() if value}


class Browser:
    """What a person's browser does: keeps cookies, sends forms as they are on the page."""

    def __init__(self, site: Site, client: httpx2.AsyncClient) -> None:
        self.site, self.client = site, client

    @property
    def cookies(self) -> dict[str, str]:
        return {cookie.name: cookie.value or "" for cookie in self.client.cookies.jar}

    async def get(self, path: str, **more: Any) -> httpx2.Response:
        return await self.client.get(path, **more)

    async def authorize(self, client_id: str = "web", **params: str) -> httpx2.Response:
        return await self.get("/authorize?" + urlencode(request_of(client_id, **params)))

    async def send(
        self, path: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        return await self.client.post(path, data=dict(form), headers=SAME_ORIGIN if headers is None else headers)

    async def sign_in(
        self, page: str = "/sign-in", username: str = "alice", password: str = PASSWORD, **fields: str
    ) -> httpx2.Response:
        """Open a sign-in page and send its form."""
        shown = await self.get(page)
        assert shown.status_code == 200, shown.text
        form = first_form(shown.text) | {"username": username, "password": password} | fields
        return await self.send("/sign-in", form)

    async def code(
        self, client_id: str = "web", username: str = "alice", password: str = PASSWORD, **params: str
    ) -> str:
        """Walk from the authorization request to the code, signing in where that is asked."""
        step = await self.authorize(client_id, **params)
        if "/sign-in?" in step.headers.get("location", ""):
            step = await self.sign_in(step.headers["location"], username, password)
        if "/consent?" in step.headers.get("location", ""):
            shown = await self.get(step.headers["location"])
            step = await self.send("/consent", hidden_fields(shown.text) | {"decision": "allow"})
        assert step.status_code == 303, step.text
        return answer_of(step)["code"]

    async def tokens(self, client_id: str = "web", **params: str) -> dict[str, Any]:
        answer = await self.site.redeem(await self.code(client_id, **params), client_id)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body


def without_id(text: str) -> str:
    """An answer without its refusal's number: every refusal has one, drawn anew."""
    return re.sub(r"den_[0-9A-Za-z]{22}", "den_", text)


def claims_of(token: str) -> dict[str, Any]:
    """What stands in a JWT, unverified."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


@dataclass(frozen=True)
class Event:
    """One event of a stream."""

    type: str
    data: dict[str, Any]
    id: str | None


class Stream:
    """One request to the application whose answer may never end."""

    def __init__(
        self, app: Any, path: str, headers: Mapping[str, str], *, method: str = "GET", address: str = "192.0.2.1"
    ):
        route, _, query = path.partition("?")
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": route,
            "raw_path": route.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": (address, 1),
            "server": ("127.0.0.1", 8100),
        }
        self._app = app
        self._gone = asyncio.Event()
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._buffer = b""
        self._started = asyncio.Event()
        self.status = 0
        self.headers: dict[str, str] = {}

    async def __aenter__(self) -> "Stream":
        self._task = asyncio.create_task(self._run())
        await asyncio.wait_for(self._started.wait(), 5)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._gone.set()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        sent_request = False

        async def receive() -> dict[str, Any]:
            nonlocal sent_request
            if not sent_request:
                sent_request = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await self._gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
                self._started.set()
            elif body := message.get("body", b""):
                self._chunks.put_nowait(body)

        try:
            await self._app(self._scope, receive, send)
        finally:
            self._started.set()
            self._chunks.put_nowait(None)

    async def next(self, *, within_s: float = 5.0) -> Event | None:
        """The next event; None when the stream has ended."""
        while b"\n\n" not in self._buffer:
            chunk = await asyncio.wait_for(self._chunks.get(), within_s)
            if chunk is None:
                return None
            self._buffer += chunk
        text, self._buffer = self._buffer.split(b"\n\n", 1)
        fields = dict(line.split(": ", 1) for line in text.decode().splitlines())
        return Event(fields["event"], json.loads(fields["data"]), fields.get("id"))

    async def until(self, wanted: str) -> list[Event]:
        """Events up to the first of that type, which is the last of them."""
        got: list[Event] = []
        while (event := await self.next()) is not None:
            got.append(event)
            if event.type == wanted:
                return got
        raise AssertionError(f"the stream ended before {wanted}: {got}")

    @property
    def ended(self) -> bool:
        return self._task.done()

    async def finished(self, *, within_s: float = 5.0) -> None:
        """Wait for the end of the answer; raises what the application raised."""
        await asyncio.wait_for(asyncio.shield(self._task), within_s)


class Unavailable:
    """Stands for a database that can't answer: everything asked of it is refused."""

    def __getattr__(self, name: str) -> Any:
        if name in ("write", "view"):
            return self._refuse
        if name.startswith("_"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: object, **__: object) -> Any:
        return self._refuse()

    async def _refuse(self, *_: object, **__: object) -> Any:
        raise StoreUnavailable("disk I/O error at /secret/place/admit.db")


class ReadOnly:
    """A store whose reads go on while every write is refused: a full disk."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, unit: Any) -> Any:
        raise StoreUnavailable("database or disk is full")


class Counting:
    """A store that counts the units written through it."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, unit: Any) -> Any:
        self.writes += 1
        return await self._store.write(unit)
