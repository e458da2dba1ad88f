"""The process under test: the Admit server, and beside it a hello-world route on the same framework, the limit row."""

import json
import os
import sys
from pathlib import Path

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from admit_server.app import open_site
from admit_server.flows.admin import clients, resources, rules, users
from admit_server.flows.runtime import Caller, Runtime
from admit_server.settings import load_settings

from .people import add_people

AUDIENCE = "https://api.bench.example"


async def hello(request: Request) -> JSONResponse:
    """What the framework alone costs: read a form-sized body, answer a small JSON."""
    await request.body()
    return JSONResponse({"hello": "world"})


async def seed(rt: Runtime) -> dict[str, str]:
    """Clients, a resource of each format, a person, and rules for what a proxy asks."""
    caller = Caller(actor="bench")
    new_resource = resources.NewResource
    await resources.add(new_resource(audience=AUDIENCE, scopes={"read": "Read"}), rt=rt, caller=caller)
    reader = await clients.add(
        clients.NewClient(name="reader", client_id="reader", audiences=(AUDIENCE,)), rt=rt, caller=caller
    )
    opaque = f"{AUDIENCE}/opaque"
    await resources.add(
        new_resource(audience=opaque, scopes={"read": "Read"}, format="opaque", client="reader"), rt=rt, caller=caller
    )
    worker = await clients.add(
        clients.NewClient(name="worker", client_id="worker", audiences=(AUDIENCE, opaque)), rt=rt, caller=caller
    )
    await clients.add(
        clients.NewClient(name="app", client_id="app", kind="public", first_party=True, audiences=(AUDIENCE,)),
        rt=rt,
        caller=caller,
    )
    await add_people(rt, int(os.environ.get("BENCH_PEOPLE", "0")))
    await users.add(users.NewUser(username="bench", password="three oaks by the river"), rt=rt, caller=caller)
    for path, audience in (("/jwt/**", AUDIENCE), ("/opaque/**", opaque)):
        new_rule = rules.NewRule(path=path, audience=audience, scopes=frozenset({"read"}))
        await rules.add(new_rule, rt=rt, caller=caller)
    return {"reader": reader.secret or "", "worker": worker.secret or "", "opaque": opaque}


async def main(data: Path, port: int) -> None:
    """Serve until told to end."""
    os.environ["ADMIT_SERVER__TRUSTED_PROXIES"] = '["127.0.0.1/32"]'
    settings = load_settings(data=data, port=port, log_level="error")
    async with open_site(settings) as server:
        (data / "bench.json").write_text(json.dumps(await seed(server.runtime)))
        plain = Starlette(routes=[Route("/hello", hello, methods=["POST"])])

        async def both(scope: Scope, receive: Receive, send: Send) -> None:
            await (plain if scope.get("path") == "/hello" else server.application)(scope, receive, send)

        config = uvicorn.Config(
            both,
            port=port,
            log_level="error",
            access_log=False,
            lifespan="off",
            http="httptools",
            server_header=False,
            proxy_headers=False,
        )
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), int(sys.argv[2])))
