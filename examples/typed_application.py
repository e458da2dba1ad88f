"""Claims of your own in an application: the type checker knows what `who.claims` is. The same for FastAPI and Starlette."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, assert_type

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

import admit.fastapi
import admit.starlette
from admit import Principal, Verifier


@dataclass(frozen=True)
class Claims:
    """What this shop needs to know of a person beside who they are."""

    tenant: str


def claims_of(said: Mapping[str, Any]) -> Claims:
    """Read them; a token without a tenant is refused. With `admit[fast]`, `claims=Claims` does the same."""
    return Claims(tenant=str(said["tenant"]))


verifier = Verifier(issuer="https://id.example.com", audience="https://api.example.com", claims=claims_of)

auth = admit.fastapi.TokenAuth(verifier=verifier, scopes={"cart": "Fill the cart"})
app = FastAPI()
auth.install(app)


@app.get("/cart")
async def cart(who: Annotated[Principal[Claims], auth.require("cart")]) -> str:
    """The type of `who` comes from the annotation."""
    assert_type(who.claims, Claims)
    return who.claims.tenant


starlette_auth = admit.starlette.TokenAuth(verifier=verifier)


@starlette_auth.require("cart")
async def starlette_cart(request: Request) -> Response:
    """Here a word has to be said: a request knows nothing of the verifier."""
    who: Principal[Claims] = admit.starlette.principal_of(request)
    assert_type(who.claims, Claims)
    return PlainTextResponse(who.claims.tenant)


starlette_app = Starlette(routes=[Route("/cart", starlette_cart)])
starlette_auth.install(starlette_app)
