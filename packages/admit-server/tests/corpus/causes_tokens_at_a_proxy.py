"""Requests that a proxy asks about, and that may not pass."""

import ipaddress
from dataclasses import replace

from causes_tokens import const, expired, forged, good, good_opaque, id_token, revoked, signed_out, unknown
from corpus_kit import CALLER, Cause, Stage
from site_kit import API, OPAQUE_API

from admit.limits import groups_of
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import policies, rules, tokens
from admit_server.flows.check import refresh

PROXY = "192.0.2.7"
RULES = (
    {"path": "/notes", "audience": API},
    {"path": "/write", "audience": API, "scopes": frozenset({"notes:write"})},
    {"path": "/opaque/**", "audience": OPAQUE_API},
    {"path": "/once/**", "audience": OPAQUE_API, "redeem": True},
    {"path": "/office", "audience": None, "policy": "office"},
)


async def ready(stage: Stage) -> None:
    rt = stage.site.rt
    if not await rules.in_order(rt=rt):
        await policies.set_policy("office", TokenPolicy(networks=groups_of(["203.0.113.0/24"])), rt=rt, caller=CALLER)
        for rule in RULES:
            await rules.add(rules.NewRule(**rule), rt=rt, caller=CALLER)
    await refresh(rt)


def asked(make=None, *, uri="/notes", method="GET", host="a.example", by=PROXY, times=1, **more):
    async def act(stage: Stage):
        await ready(stage)
        token = await make(stage) if make is not None else None
        headers = {"x-original-uri": uri, "x-original-method": method, "x-original-host": host}
        headers |= {"x-forwarded-for": stage.address} | {name.replace("_", "-"): value for name, value in more.items()}
        if token is not None:
            stage.keep_secret(token)
            headers["authorization"] = f"Bearer {token}"
        site = stage.site.app.site
        app = type(stage.site.app)(replace(site, trusted_proxies=(ipaddress.ip_network(PROXY),)))
        async with stage.site.http(address=by, app=app) as http:
            for number in range(times):
                answer = await http.get("/check", headers=headers | {"x-original-id": str(number) * 32})
        if "x-auth-code" in answer.headers:
            assert answer.headers["x-auth-code"] == answer.json()["code"]
            assert answer.headers["x-auth-denial"] == answer.json()["denial_id"]
        return answer

    return act


def limited(**limits):
    async def make(stage: Stage):
        new = tokens.NewToken(user="alice", client="opaque-web", resource=OPAQUE_API, limits=TokenPolicy(**limits))
        return (await tokens.issue(new, rt=stage.site.rt, caller=CALLER)).tokens.access_token

    return make


async def reading(stage: Stage):
    return (await stage.tokens(scope="openid notes:read"))["access_token"]


STRANGER = "198.51.100.99"
CAUSES = [
    Cause("check: asked by who is no proxy", asked(good, by=STRANGER), "proxy_not_trusted", "who asks", "somebody else"),
    Cause("check: no rule for the path", asked(good, uri="/other"), "no_rule", "rule", "none"),
    Cause("check: a path that climbs", asked(good, uri="/notes/../write"), "ambiguous_request", "request", "dot segment"),
    Cause("check: a path encoded twice", asked(good, uri="/%256eotes"), "ambiguous_request", "request", "hides"),
    Cause("check: a method in small letters", asked(good, method="get"), "ambiguous_request", "request", "method"),
    Cause("check: a host that is none", asked(good, host="a b"), "ambiguous_request", "request", "host"),
    Cause("check: headers of two proxies", asked(good, x_forwarded_uri="/x"), "invalid_request", "invalid_request", ""),
    Cause("check: no token", asked(), "missing_token", "token", "none"),
    Cause("check: nonsense for a token", asked(const("nonsense")), "malformed_token", "token's form and signature", ""),
    Cause("check: an ID token", asked(id_token), "malformed_token", "token's form and signature", ""),
    Cause("check: a forged signature", asked(forged(good)), "malformed_token", "token's form and signature", ""),
    Cause("check: a token that is over", asked(expired(good)), "token_expired", "token's time", "over since"),
    Cause("check: an unknown opaque token", asked(unknown, uri="/opaque/x"), "token_unknown", "token is known", "never issued"),
    Cause("check: a revoked opaque token", asked(revoked(good_opaque, "opaque-web"), uri="/opaque/x"), "token_revoked", "token is not revoked", "revoked"),
    Cause("check: a token after sign-out", asked(signed_out(good)), "session_ended", "session is alive", "ended"),
    Cause("check: a token for another resource", asked(good, uri="/opaque/x"), "wrong_audience", "token's resource", API),
    Cause("check: a scope that is missing", asked(reading, uri="/write"), "insufficient_scope", "scope", "lacks notes:write"),
    Cause("check: another action", asked(limited(actions=groups_of(["GET /x"])), uri="/opaque/x"), "action_not_allowed", "limits of the token", "/opaque/x"),
    Cause("check: another network", asked(limited(networks=groups_of(["203.0.113.0/24"])), uri="/opaque/x"), "network_not_allowed", "limits of the token", "198.51"),
    Cause("check: uses that nobody counts", asked(limited(max_uses=1), uri="/opaque/x"), "limits_not_enforceable", "who counts the uses of the token", "nobody"),
    Cause("check: a second use of a one-use token", asked(limited(max_uses=1), uri="/once/x", times=2), "uses_exhausted", "limits of the token", "no use left"),
    Cause("check: a rule for another network", asked(uri="/office"), "network_not_allowed", "policy of the rule", "198.51"),
]  # fmt: skip
