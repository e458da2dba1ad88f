"""`python -m benchmarks.frameworks`: what protecting a route adds to a request, by framework.

Each application answers "hello", once open and once protected, in this process and without a server: `ROUNDS` rounds in turn, medians.
The token is the same each time. "verify" is the check itself, as `Verifier.verify_async` takes without a framework; "ours" is what is
left of the difference: reading the request, noting the principal. FastAPI* is compared with a dependency that does nothing, which has a
price of its own.
"""

import asyncio
import json
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import FastAPI, Security
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from admit import Attempt
from admit.asgi import TokenMiddleware
from admit.fastapi import Principal
from admit.fastapi import TokenAuth as FastapiAuth
from admit.starlette import TokenAuth
from admit.testing import TestIssuer

ROUNDS = int(os.environ.get("ROUNDS", "15"))
REQUESTS = int(os.environ.get("REQUESTS", "1000"))
Serve = Callable[[], Awaitable[None]]


def applications(tokens: TestIssuer) -> dict[str, tuple[Any, Any]]:
    """For each framework the open and the protected one."""
    verifier = tokens.verifier()

    async def hello(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        await send({"type": "http.response.body", "body": b"hello"})

    async def endpoint(request: Any) -> PlainTextResponse:
        return PlainTextResponse("hello")

    starlette, fastapi = TokenAuth(verifier=verifier), FastapiAuth(verifier=verifier)
    wanted = Annotated[Principal, fastapi.require("items:read")]
    free, idle, guarded = FastAPI(), FastAPI(), FastAPI()

    @free.get("/")
    async def open_to_all() -> PlainTextResponse:
        return PlainTextResponse("hello")

    async def nothing(connection: HTTPConnection) -> None:
        return None

    @idle.get("/")
    async def behind_nothing(none: Annotated[None, Security(nothing, scopes=["items:read"])]) -> PlainTextResponse:
        return PlainTextResponse("hello")

    @guarded.get("/")
    async def for_readers(who: wanted) -> PlainTextResponse:
        return PlainTextResponse("hello")

    return {
        "ASGI": (hello, TokenMiddleware(hello, verifier=verifier)),
        "ASGI, 3 rules": (
            hello,
            TokenMiddleware(hello, verifier=verifier, rules={"GET /a/**": "a", "/b/**": "b", "/**": "items:read"}),
        ),
        "Starlette": (
            Starlette(routes=[Route("/", endpoint)]),
            Starlette(routes=[Route("/", starlette.require("items:read")(endpoint))]),
        ),
        "FastAPI": (free, guarded),
        "FastAPI*": (idle, guarded),
    }


def serving(app: Any, headers: list[tuple[bytes, bytes]]) -> Serve:
    """One request, as a server would make it."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200, message

    async def once() -> None:
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http", "path": "/",
            "raw_path": b"/", "query_string": b"", "root_path": "", "headers": headers, "client": ("127.0.0.1", 5), "state": {},
        }  # fmt: skip
        await app(scope, receive, send)

    return once


async def microseconds(serve: Serve) -> float:
    """What one of `REQUESTS` takes of the processor: nothing here waits, and other programs do not count."""
    began = time.process_time()
    for _ in range(REQUESTS):
        await serve()
    return (time.process_time() - began) / REQUESTS * 1e6


async def main() -> None:
    """Measure, and print one table and one JSON document."""
    tokens = TestIssuer()
    token = tokens.token(scopes="items:read")
    usual = [(b"host", b"api.test"), (b"user-agent", b"bench"), (b"accept", b"*/*"), (b"accept-encoding", b"gzip")]
    headers = [*usual, (b"authorization", f"Bearer {token}".encode())]
    verifier = tokens.verifier()
    attempt = Attempt(method="GET", path="/", address="127.0.0.1")

    async def verify() -> None:
        await verifier.verify_async(token, attempt)

    measured: dict[str, Serve] = {"verify": verify}
    for name, (free, guarded) in applications(tokens).items():
        measured[f"{name}, open"] = serving(free, headers)
        measured[f"{name}, protected"] = serving(guarded, headers)
    taken: dict[str, list[float]] = {name: [] for name in measured}
    for _ in range(ROUNDS):
        for name, serve in measured.items():
            taken[name].append(await microseconds(serve))
    medians = {name: statistics.median(values) for name, values in taken.items()}
    print(f"{'verify alone':<16} {medians['verify']:8.1f} µs")
    print(f"{'':<16} {'open':>8} {'protected':>10} {'verify':>8} {'ours':>7}   µs a request")
    rows = {}
    for name in applications(tokens):
        free, guarded = medians[f"{name}, open"], medians[f"{name}, protected"]
        rows[name] = {"open_us": free, "protected_us": guarded, "ours_us": guarded - free - medians["verify"]}
        print(f"{name:<16} {free:8.1f} {guarded:10.1f} {medians['verify']:8.1f} {rows[name]['ours_us']:7.1f}")
    print(json.dumps({"verify_us": medians["verify"], "frameworks": rows}))


if __name__ == "__main__":
    asyncio.run(main())
