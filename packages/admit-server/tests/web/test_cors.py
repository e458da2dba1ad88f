"""Which origins may read what. Nobody ever with credentials."""

import pytest

pytestmark = pytest.mark.anyio

APP, PORTAL, STRANGER = "https://app.example", "https://portal.example", "https://evil.example"
PUBLIC = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks", "/revocations")
OF_CLIENTS = ("/token", "/revoke", "/userinfo", "/lease")
CLOSED = (
    "/",
    "/livez",
    "/readyz",
    "/introspect",
    "/authorize-challenge",
    "/authorize",
    "/sign-in",
    "/consent",
    "/logout",
    "/nothing",
)


def allowed(answer):
    assert "access-control-allow-credentials" not in answer.headers
    return answer.headers.get("access-control-allow-origin")


def preflight(origin):
    return {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }


async def test_what_is_public_may_be_read_by_everybody(site):
    http = site.http()
    for path in PUBLIC:
        for headers in ({}, {"origin": STRANGER}, {"origin": "null"}):
            assert allowed(await http.get(path, headers=headers)) == "*"
        answer = await http.request("OPTIONS", path, headers=preflight(STRANGER))
        assert (answer.status_code, allowed(answer)) == (204, "*")
        assert "GET" in answer.headers["access-control-allow-methods"]


async def test_apps_of_registered_origins_pass_the_preflight_and_strangers_do_not(site):
    http = site.http()
    for path in OF_CLIENTS:
        for origin in (APP, PORTAL):
            answer = await http.request("OPTIONS", path, headers=preflight(origin))
            assert (answer.status_code, allowed(answer)) == (204, origin)
            assert "POST" in answer.headers["access-control-allow-methods"]
            assert "Authorization" in answer.headers["access-control-allow-headers"]
            assert answer.headers["vary"] == "Origin"
        for origin in (
            STRANGER,
            "null",
            APP + ":8443",
            "http://app.example",
            APP + ".evil.example",
            "https://APP.example",
            "com.example.app:",
        ):
            answer = await http.request("OPTIONS", path, headers=preflight(origin))
            assert allowed(answer) is None
            assert "access-control-allow-methods" not in answer.headers


async def test_an_answer_is_for_the_origins_of_its_own_client_only(site):
    tokens = await site.tokens("web")
    for origin, seen in ((APP, APP), (PORTAL, None), (STRANGER, None)):
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]} | site.proof("web")
        assert allowed(await site.post("/token", form, headers={"origin": origin})) == seen
        assert (
            allowed(await site.post("/revoke", {"token": "x"} | site.proof("web"), headers={"origin": origin})) == seen
        )


async def test_an_app_can_read_its_errors_and_when_to_come_back(site):
    answer = await site.post("/token", {"grant_type": "x"} | site.proof("web"), headers={"origin": APP})
    assert answer.status_code == 400
    assert allowed(answer) == APP
    assert "Retry-After" in answer.headers["access-control-expose-headers"]


async def test_userinfo_may_be_read_by_apps(site):
    tokens = await site.tokens("web")
    bearer = {"authorization": "Bearer " + tokens["access_token"]}
    assert allowed(await site.get("/userinfo", headers=bearer | {"origin": APP})) == APP
    assert allowed(await site.get("/userinfo", headers=bearer | {"origin": STRANGER})) is None


async def test_everything_else_is_for_no_other_origin(site):
    http = site.http()
    for path in CLOSED:
        for method in ("GET", "POST", "OPTIONS"):
            assert allowed(await http.request(method, path, headers=preflight(APP))) is None
