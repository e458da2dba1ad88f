"""Clients that do not prove who they are, and requests that break the protocol."""

import base64

from corpus_kit import Cause, Stage
from site_kit import API, FORM

OWN = {"grant_type": "client_credentials", "resource": API}


def basic(user: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}


def form(path="/token", *, headers=None, **fields):
    async def act(stage: Stage):
        return await stage.site.post(path, OWN | fields, headers=headers or {})

    return act


def header(value):
    async def act(stage: Stage):
        return await stage.site.post("/token", OWN, headers=[("authorization", value)])

    return act


def raw(body: bytes, kind: str = FORM):
    async def act(stage: Stage):
        return await stage.site.post("/token", {}, content=body, headers={"content-type": kind})

    return act


def with_secret_of(owner: str, client_id: str = "robot", *, by_header=False, cut=0, **fields):
    async def act(stage: Stage):
        secret = stage.site.secrets[owner]
        secret = secret[: len(secret) - cut]
        if by_header:
            return await stage.site.post("/token", OWN | fields, headers=basic(client_id, secret))
        return await stage.site.post("/token", OWN | {"client_id": client_id, "client_secret": secret} | fields)

    return act


async def twice(stage: Stage):
    one = ("authorization", basic("robot", stage.site.secrets["robot"])["authorization"])
    return await stage.site.post("/token", OWN, headers=[one, one])


async def two_ways(stage: Stage):
    secret = stage.site.secrets["robot"]
    return await stage.site.post(
        "/token", OWN | {"client_id": "robot", "client_secret": secret}, headers=basic("robot", secret)
    )


async def two_names(stage: Stage):
    return await stage.site.post(
        "/token", OWN | {"client_id": "api"}, headers=basic("robot", stage.site.secrets["robot"])
    )


async def secret_as_name(stage: Stage):
    return await stage.site.post("/token", OWN | {"client_id": stage.site.secrets["robot"]})


async def access_token_as_secret(stage: Stage):
    token = (await stage.site.own_token(resource="https://opaque.example")).json()["access_token"]
    stage.keep_secret(token)
    return await stage.site.post("/token", OWN | {"client_id": "robot", "client_secret": token})


async def bare(path, stage, **fields):
    return await stage.site.post(path, stage.site.proof("robot") | fields)


CAUSES = [
    Cause("no client at all", form(), "invalid_client", "invalid_client", "client_id is missing"),
    Cause("an unknown client", form(client_id="nobody", client_secret="x"), "invalid_client", "client", "unknown: nobody"),
    Cause("an unknown client without a secret", form(client_id="nobody"), "invalid_client", "client", "unknown"),
    Cause("a client's id in other letters", form(client_id="ROBOT"), "invalid_client", "client", "unknown: ROBOT"),
    Cause("a very long client id", form(client_id="x" * 900), "invalid_client", "client", "unknown"),
    Cause("a wrong secret", form(client_id="robot", client_secret="wrong"), "invalid_client", "client secret", "another text"),
    Cause("a wrong secret by header", form(headers=basic("robot", "wrong")), "invalid_client", "client secret", "another text"),
    Cause("the secret of another client", with_secret_of("api"), "invalid_client", "client secret", "another text"),
    Cause("a secret that was cut", with_secret_of("robot", cut=1), "invalid_client", "client secret", "another text"),
    Cause("an access token as the secret", access_token_as_secret, "invalid_client", "client secret", "another text"),
    Cause("no secret", form(client_id="robot"), "invalid_client", "client secret", "none was sent"),
    Cause("an empty secret by header", form(headers=basic("robot", "")), "invalid_client", "client secret", "another text"),
    Cause("a secret for a public client", with_secret_of("robot", "web"), "invalid_client", "client secret", "is public"),
    Cause("a disabled client", with_secret_of("gone", "gone"), "invalid_client", "client is enabled", "no"),
    Cause("a secret in the place of the id", secret_as_name, "invalid_client", "client", "unknown: (a token)"),
    Cause("a header that is no base64", header("Basic !!!"), "invalid_client", "invalid_client", "malformed"),
    Cause("a header without a colon", header("Basic Zm9v"), "invalid_client", "invalid_client", "malformed"),
    Cause("a header that is no text", header("Basic /////w=="), "invalid_client", "invalid_client", "malformed"),
    Cause("another scheme", header("Digest x"), "invalid_client", "invalid_client", "Basic scheme"),
    Cause("a header that stands twice", twice, "invalid_request", "invalid_request", "twice"),
    Cause("two ways at once", two_ways, "invalid_request", "invalid_request", "two ways"),
    Cause("two names", two_names, "invalid_request", "invalid_request", "not the one of the header"),
    Cause("another kind of body", raw(b'{"a":1}', "application/json"), "invalid_request", "invalid_request", FORM),
    Cause("a parameter that stands twice", raw(b"a=1&a=2"), "invalid_request", "invalid_request", "twice"),
    Cause("a NUL", raw(b"a=%00"), "invalid_request", "invalid_request", "NUL"),
    Cause("text that is not UTF-8", raw(b"a=%ff"), "invalid_request", "invalid_request", "UTF-8"),
    Cause("too many parameters", raw(b"&".join(b"p%d=1" % n for n in range(65))), "invalid_request", "invalid_request", "64"),
    Cause("no grant type", with_secret_of("robot", grant_type=""), "invalid_request", "invalid_request", "grant_type"),
    Cause("an unknown grant type", with_secret_of("robot", grant_type="x"), "unsupported_grant_type", "unsupported_grant_type"),
    Cause("the password grant", with_secret_of("robot", grant_type="password"), "unsupported_grant_type", "unsupported_grant_type"),
    Cause("no code", with_secret_of("portal", "portal", grant_type="authorization_code"), "invalid_request", "invalid_request", "code is"),
    Cause("no refresh token", with_secret_of("portal", "portal", grant_type="refresh_token"), "invalid_request", "invalid_request", "refresh_token is"),
    Cause("no token to look at", lambda stage: bare("/introspect", stage), "invalid_request", "invalid_request", "token is missing"),
    Cause("no token to end", lambda stage: bare("/revoke", stage), "invalid_request", "invalid_request", "token is missing"),
    Cause("a malformed scope", with_secret_of("robot", scope='a"b'), "invalid_scope", "invalid_scope", "malformed"),
    Cause("too many scopes", with_secret_of("robot", scope=" ".join(f"s{n}" for n in range(65))), "invalid_scope", "invalid_scope", "malformed"),
    Cause("an unknown scope", with_secret_of("robot", scope="admin"), "invalid_scope", "scope", "admin"),
    Cause("a scope of people", with_secret_of("robot", scope="openid"), "invalid_scope", "scope", "openid"),
    Cause("an unknown resource", with_secret_of("robot", resource="https://nowhere.example"), "invalid_target", "resource", "nowhere"),
    Cause("a resource of others", with_secret_of("other-robot", "other-robot", resource="https://opaque.example"), "invalid_target", "resource", "opaque"),
    Cause("no resource where there are two", with_secret_of("robot", resource=""), "invalid_target", "resource", "none was named"),
    Cause("a public client's own token", form(client_id="web"), "unauthorized_client", "grant type", "client_credentials"),
    Cause("a grant type that the client has not", with_secret_of("robot", grant_type="refresh_token", refresh_token="x"), "unauthorized_client", "grant type", "refresh_token"),
    Cause("a code grant that the client has not", with_secret_of("robot", grant_type="authorization_code", code="x"), "unauthorized_client", "grant type", "authorization_code"),
]  # fmt: skip
