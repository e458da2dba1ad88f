"""Forward authentication in process, by the headers that each proxy sends."""

import pytest
from site_kit import API, ISSUER, OPAQUE_API, claims_of

from admit.limits import groups_of
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import clients, denials, policies, rules, sessions, tokens
from admit_server.flows.check import refresh
from admit_server.flows.denials import write_tally
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
CALLER = Caller(actor="test")
PROXY = "192.0.2.7"  # the address that the kit asks from
TOML = f'[server]\ntrusted_proxies = ["{PROXY}/32"]\n'
HOST = "api.example"


@pytest.fixture
async def site(open_site, anyio_backend):
    async with open_site(toml=TOML) as site:
        yield site


async def rule(site, path="/**", **values):
    given = {"audience": None if values.pop("public", False) else API}
    made = await rules.add(rules.NewRule(path=path, **(given | values)), rt=site.rt, caller=CALLER)
    await refresh(site.rt)
    return made


def nginx(method="GET", uri="/notes", host=HOST, **more):
    return {
        "x-original-method": method,
        "x-original-uri": uri,
        "x-original-host": host,
        "x-original-id": "0" * 32,
        **more,
    }


def traefik(method="GET", uri="/notes", host=HOST, **more):
    return {
        "x-forwarded-method": method,
        "x-forwarded-uri": uri,
        "x-forwarded-host": host,
        "x-forwarded-proto": "https",
        **more,
    }


def bearer(token):
    return {"authorization": f"Bearer {token}"}


async def issue(site, resource=API, scopes=("notes:read",), **limits):
    new = tokens.NewToken(
        user="alice",
        client="web" if resource == API else "opaque-web",
        resource=resource,
        limits=TokenPolicy(**limits),
        scopes=frozenset(scopes),
    )
    return (await tokens.issue(new, rt=site.rt, caller=CALLER)).tokens.access_token


async def ask(site, headers=None, token=None, path="/check", method="GET", address=PROXY):
    headers = nginx() if headers is None else headers
    async with site.http(address=address) as http:
        return await http.request(method, path, headers=headers | (bearer(token) if token else {}))


async def test_a_good_token_passes_and_the_upstream_is_told_who_it_is(site):
    await rule(site, scopes=frozenset({"notes:read"}))
    token = await issue(site)
    answer = await ask(site, token=token)
    assert (answer.status_code, answer.content) == (200, b"")
    claims = claims_of(token)
    assert answer.headers["x-auth-subject"] == claims["sub"]
    assert answer.headers["x-auth-client"] == "web"
    assert answer.headers["x-auth-scopes"] == "notes:read"
    asserted = claims_of(answer.headers["x-auth-assertion"])
    assert asserted["aud"] == API
    assert asserted["iss"] == ISSUER
    assert asserted["exp"] - asserted["iat"] <= 60
    assert asserted["token_jti"] == claims["jti"]
    assert asserted["request"] == {"method": "GET", "host": HOST, "path": "/notes"}
    assert "counted" not in asserted


@pytest.mark.parametrize("headers", [nginx, traefik])
async def test_without_a_rule_nothing_passes(site, headers):
    answer = await ask(site, headers(), token=await issue(site))
    assert (answer.status_code, answer.json()["code"]) == (403, "no_rule")
    assert "www-authenticate" not in answer.headers


async def test_without_a_token_the_challenge_names_no_error(site):
    await rule(site)
    answer = await ask(site)
    assert (answer.status_code, answer.json()["code"]) == (401, "missing_token")
    assert answer.headers["www-authenticate"] == f'Bearer realm="{ISSUER}"'


async def test_a_missing_scope_is_403_and_the_challenge_names_it(site):
    await rule(site, scopes=frozenset({"notes:write", "notes:read"}))
    answer = await ask(site, token=await issue(site))
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope", scope="notes:read notes:write"' in answer.headers["www-authenticate"]


async def test_a_refusal_tells_code_and_id_and_the_administrator_gets_the_rest(site):
    made = await rule(site)
    token = await issue(site)
    site.clock.advance(86_401)
    answer = await ask(site, token=token)
    body = answer.json()
    assert set(body) == {"type", "title", "status", "code", "denial_id"}
    assert (answer.headers["x-auth-code"], answer.headers["x-auth-denial"]) == (body["code"], body["denial_id"])
    explained = (await denials.explain(body["denial_id"], rt=site.rt)).denial
    assert (explained.code, explained.endpoint) == ("token_expired", "/check")
    assert [check.name for check in explained.checks][:2] == ["request", "rule"]
    assert explained.checks[1].found == made.id


async def test_envoy_asks_with_method_and_host_of_the_request_and_its_path_behind_ours(site):
    await rule(site, "/notes/*", methods=frozenset({"DELETE"}), host=HOST)
    token = await issue(site)
    answers = [
        await ask(site, {"host": HOST}, token, "/check/notes/7?x=1", "DELETE"),
        await ask(site, {"host": HOST}, token, "/check/notes/7", "GET"),
        await ask(site, {"host": "other.example"}, token, "/check/notes/7", "DELETE"),
        await ask(site, {"host": HOST}, token, "/check//notes/7", "DELETE"),
    ]
    assert [answer.status_code for answer in answers] == [200, 403, 403, 403]
    assert claims_of(answers[0].headers["x-auth-assertion"])["request"]["path"] == "/notes/7"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": HOST, "x-forwarded-host": HOST},
        nginx() | traefik(),
        traefik() | {"x-original-uri": "/public"},
        nginx() | {"x-forwarded-uri": "/public"},
        {name: value for name, value in nginx().items() if name != "x-original-id"},
        {name: value for name, value in nginx().items() if name != "x-original-method"},
        {name: value for name, value in traefik().items() if name != "x-forwarded-host"},
        nginx(uri=""),
    ],
)
async def test_headers_of_two_proxies_or_of_half_a_one_are_the_operators_mistake(site, headers):
    """400: every proxy refuses then, nginx with 500. A client's own header beside the proxy's must not decide."""
    await rule(site, public=True)
    answer = await ask(site, headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


async def test_a_header_that_is_there_twice_is_refused(site):
    await rule(site, public=True)
    async with site.http(address=PROXY) as http:
        answer = await http.get("/check", headers=[*nginx().items(), ("x-original-uri", "/other")])
    assert answer.status_code == 400


async def test_a_stranger_learns_nothing_and_counts_nothing(site):
    await rule(site, redeem=True)
    token = await issue(site, OPAQUE_API)
    await rule(site, "/public", public=True)
    answers = [
        await ask(site, nginx(uri=uri), shown, address="192.0.2.99")
        for uri in ("/notes", "/public", "/../x")
        for shown in (token, "adm_at_wrong", None)
    ]
    answers.append(await ask(site, nginx() | {"x-forwarded-for": PROXY}, address="192.0.2.99"))
    answers.append(await ask(site, {}, path="/check/public", address="192.0.2.99"))
    assert {(a.status_code, a.json()["code"], a.headers.get("www-authenticate")) for a in answers} == {
        (403, "proxy_not_trusted", None)
    }
    assert {tuple(sorted(answer.headers)) for answer in answers} == {tuple(sorted(answers[0].headers))}


async def test_with_no_trusted_proxies_nobody_may_ask(open_site):
    async with open_site() as site:
        await rule(site, public=True)
        assert (await ask(site, address="127.0.0.1")).json()["code"] == "proxy_not_trusted"


async def test_of_a_counted_token_a_rule_that_redeems_counts_each_request_once(site):
    await rule(site, audience=OPAQUE_API, redeem=True)
    token = await issue(site, OPAQUE_API, max_uses=2)
    answers = [await ask(site, nginx() | {"x-original-id": str(number) * 32}, token) for number in (1, 1, 2, 3, 1)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 401, 200]
    assert answers[3].json()["code"] == "uses_exhausted"
    assert claims_of(answers[0].headers["x-auth-assertion"])["counted"] is True


async def test_a_client_of_traefik_can_not_choose_the_number_of_its_use(site):
    """Traefik passes on what the client sends: were its number believed, a one-use token would be good for a minute."""
    await rule(site, audience=OPAQUE_API, redeem=True)
    token = await issue(site, OPAQUE_API, max_uses=1)
    answers = [await ask(site, traefik() | {"x-request-id": "7" * 32, "x-use-id": "7" * 32}, token) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 401]


async def test_a_counted_token_passes_unredeemed_only_to_who_redeems_it_and_nobody_vouches_for_it(site):
    await rule(site, audience=OPAQUE_API)
    token = await issue(site, OPAQUE_API, max_uses=1)
    assert (await ask(site, token=token)).json()["code"] == "limits_not_enforceable"

    await site.rt.store.write(lambda tx: tx.clients._tx.run("UPDATE resource SET verifier = 'admit'"))
    await refresh(site.rt)
    answer = await ask(site, token=token)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("x-auth")]
    assert (await tokens.count_of(await tokens.inspect(token, rt=site.rt), rt=site.rt)).uses_left == 1


async def test_the_limits_of_a_token_are_judged_by_what_the_proxy_tells(site):
    await rule(site, audience=OPAQUE_API)
    action = await issue(site, OPAQUE_API, actions=groups_of(["GET /notes/*"]))
    network = await issue(site, OPAQUE_API, networks=groups_of(["198.51.100.0/24"]))

    async def code(token, headers):
        answer = await ask(site, headers, token)
        return answer.json()["code"] if answer.content else answer.status_code

    assert await code(action, nginx(uri="/notes/7")) == 200
    assert await code(action, nginx(uri="/notes/7", method="DELETE")) == "action_not_allowed"
    assert await code(network, nginx() | {"x-forwarded-for": "198.51.100.9"}) == 200
    assert await code(network, nginx() | {"x-forwarded-for": "203.0.113.9"}) == "network_not_allowed"
    # The client may put anything before what the proxy appends.
    assert await code(network, nginx() | {"x-forwarded-for": "198.51.100.9, 203.0.113.9"}) == "network_not_allowed"
    assert await code(network, nginx()) == "network_not_allowed"


async def test_a_rule_names_the_action_for_tokens_that_are_limited_to_named_ones(site):
    await rule(site, "/refunds/**", audience=OPAQUE_API, action="orders.refund")
    await rule(site, "/**", audience=OPAQUE_API)
    token = await issue(site, OPAQUE_API, actions=groups_of(["orders.refund"]))
    assert (await ask(site, nginx(uri="/refunds/1"), token)).status_code == 200
    assert (await ask(site, nginx(uri="/orders"), token)).json()["code"] == "action_not_allowed"


async def test_networks_and_hours_of_a_rule_forbid_whoever_asks(site):
    limits = TokenPolicy(networks=groups_of(["198.51.100.0/24"]))
    await policies.set_policy("office", limits, rt=site.rt, caller=CALLER)
    await rule(site, policy="office")
    await rule(site, "/public", public=True, policy="office")
    inside, outside = {"x-forwarded-for": "198.51.100.1"}, {"x-forwarded-for": "203.0.113.1"}
    token = await issue(site)
    answers = [
        await ask(site, nginx() | inside, token),
        await ask(site, nginx() | outside, token),
        await ask(site, nginx() | outside),
        await ask(site, nginx(uri="/public") | inside),
        await ask(site, nginx(uri="/public") | outside),
    ]
    assert [answer.status_code for answer in answers] == [200, 403, 403, 200, 403]
    assert answers[1].json()["code"] == "network_not_allowed"


async def test_the_same_token_is_refused_for_another_resource_and_after_logout(site):
    await rule(site)
    other = await issue(site, OPAQUE_API)
    assert (await ask(site, token=other)).json()["code"] == "wrong_audience"
    token = (await site.tokens())["access_token"]
    assert (await ask(site, token=token)).status_code == 200
    await sessions.end_all_of_user("alice", rt=site.rt, caller=CALLER)
    answer = await ask(site, token=token)
    assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")


async def test_a_public_rule_looks_at_no_token_and_names_nobody(site):
    await rule(site, "/assets/**", public=True)
    for token in (None, "nonsense", await issue(site)):
        answer = await ask(site, nginx(uri="/assets/app.js"), token)
        assert answer.status_code == 200
        assert not [name for name in answer.headers if name.startswith("x-auth")]


async def test_two_authorization_headers_or_another_scheme_are_no_token(site):
    await rule(site)
    token = await issue(site)
    async with site.http(address=PROXY) as http:
        twice = await http.get("/check", headers=[*nginx().items(), *bearer(token).items(), *bearer(token).items()])
        basic = await http.get("/check", headers=nginx() | {"authorization": "Basic YTpi"})
    assert (twice.status_code, twice.json()["code"]) == (401, "malformed_token")
    assert (basic.status_code, basic.json()["code"]) == (401, "missing_token")


async def test_a_bound_token_is_handed_on_to_who_checks_its_proof_and_nobody_vouches_for_it(site):
    await rule(site)
    token = await issue(site)
    claims = claims_of(token) | {"cnf": {"jkt": "x" * 43}}
    bound = site.rt.keys.current.sign(claims, alg="ES256", typ="at+jwt", now=site.rt.clock())
    headers = nginx() | {"authorization": f"DPoP {bound}"}
    assert (await ask(site, headers)).json()["code"] == "token_bound"
    assert (await ask(site, token=bound)).json()["code"] == "token_bound"
    plain = nginx() | {"authorization": f"DPoP {token}"}
    assert (await ask(site, plain)).json()["code"] == "token_not_bound"

    await site.rt.store.write(lambda tx: tx.clients._tx.run("UPDATE resource SET verifier = 'admit'"))
    await refresh(site.rt)
    answer = await ask(site, headers)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("x-auth")]


async def test_nothing_is_written_for_a_request_that_passes(site, monkeypatch):
    await rule(site)
    token = await issue(site)
    writes = []
    store = site.rt.store
    real = type(store).write

    async def counting(self, unit):
        writes.append(unit)
        return await real(self, unit)

    await write_tally(site.rt)
    monkeypatch.setattr(type(store), "write", counting)
    for _ in range(5):
        assert (await ask(site, token=token)).status_code == 200
    assert not [unit for unit in writes if "seal" not in unit.__qualname__]


async def test_an_outage_is_503_and_rules_that_are_not_known_open_nothing(site):
    from site_kit import Unavailable

    await rule(site, "/public", public=True)
    app = site.with_runtime(store=Unavailable())
    site.rt.rules.current = None
    async with site.http(address=PROXY, app=app) as http:
        answer = await http.get("/check", headers=nginx(uri="/public"))
    assert answer.status_code == 503


@pytest.mark.parametrize(
    "uri",
    [
        "/admin", "/admin/", "/ADMIN/x", "/%61dmin/x", "/x/../admin/x", "/./admin/x", "//admin/x", "/admin;x/y", "/admin%2fx", "/admin%2Fx",
        "/%2561dmin/x", "/%2e/admin", "/x%5c..%5cadmin", "/admin%00", "/admin.", "/admin%20", "/x/..;/admin", "/admin?x=/public",
        "/admin#x", "/%C0%AEadmin", "/x//..//admin",
    ],
)  # fmt: skip
async def test_no_way_of_writing_a_forbidden_path_passes_by_a_wider_public_rule(site, uri):
    await rule(site, "/**", public=True)
    await rule(site, "/admin/**", scopes=frozenset({"notes:write"}))
    for token, headers in ((None, nginx), (await issue(site), traefik)):
        assert (await ask(site, headers(uri=uri), token)).status_code in (401, 403)
    assert (await ask(site, nginx(uri="/open/x"))).status_code == 200


@pytest.mark.parametrize(
    ("text", "sent"), [("usr_1 a~", "usr_1 a~"), ("a\r\nX: é", "a??X: ?"), ("\x7f", "?"), ("", "")]
)
def test_no_value_can_end_its_header(text, sent):
    from admit_server.web.check import _plain

    assert _plain(text) == sent


async def test_an_assertion_opens_nothing_at_the_server_itself(site):
    await rule(site)
    exchange = "urn:ietf:params:oauth:grant-type:token-exchange"
    grants = frozenset({"authorization_code", "refresh_token", exchange})
    await clients.update("web", clients.ClientChange(grant_types=grants), rt=site.rt, caller=CALLER)
    assertion = (await ask(site, token=await issue(site))).headers["x-auth-assertion"]

    assert (await ask(site, token=assertion)).json()["code"] == "malformed_token"
    async with site.http() as http:
        for path in ("/userinfo", "/api/v1/users"):
            assert (await http.get(path, headers=bearer(assertion))).status_code == 401
        form = {"subject_token": assertion, "subject_token_type": "urn:ietf:params:oauth:token-type:access_token"}
        answer = await http.post("/token", data=form | {"grant_type": exchange, "client_id": "web"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", ["/%63heck", "/chec%6b/notes", "/check%2Fnotes", "/check//notes", "/check/%2e%2e/x"])
async def test_an_address_of_ours_that_is_written_otherwise_asks_about_nothing(site, path):
    await rule(site, public=True)
    assert (await ask(site, headers={"host": HOST}, path=path)).status_code in (400, 403)
