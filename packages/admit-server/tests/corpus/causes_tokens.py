"""Access tokens that open nothing: at /userinfo, at /introspect, and hints at /logout."""

from urllib.parse import urlencode

from corpus_kit import CALLER, Cause, Stage
from site_kit import claims_of

from admit.jose import base64url
from admit_server.flows.admin import sessions, users
from admit_server.tokens import opaque


async def good(stage: Stage):
    return (await stage.tokens())["access_token"]


async def good_opaque(stage: Stage):
    return (await stage.tokens("opaque-web"))["access_token"]


async def unknown(stage: Stage):
    return opaque.mint("at", stage.site.rt.entropy(32))


async def typed_wrong(stage: Stage):
    return (await good_opaque(stage))[:-1] + "!"


async def refresh_token(stage: Stage):
    return (await stage.tokens())["refresh_token"]


async def id_token(stage: Stage):
    return (await stage.tokens())["id_token"]


async def without_openid(stage: Stage):
    return (await stage.tokens(scope="notes:read"))["access_token"]


async def of_a_robot(stage: Stage):
    return (await stage.site.own_token()).json()["access_token"]


def const(text):
    async def make(stage: Stage):
        return text

    return make


def forged(make):
    async def changed(stage: Stage):
        head, payload, _ = (await make(stage)).split(".")
        return f"{head}.{payload}.{base64url.encode(bytes(64))}"

    return changed


def expired(make):
    async def old(stage: Stage):
        token = await make(stage)
        stage.site.clock.advance(600)
        return token

    return old


def revoked(make, client_id):
    async def ended(stage: Stage):
        token = await make(stage)
        await stage.site.post("/revoke", {"token": token, "client_id": client_id})
        return token

    return ended


def signed_out(make):
    async def ended(stage: Stage):
        token = await make(stage)
        await sessions.end_all_of_user("alice", rt=stage.site.rt, caller=CALLER)
        return token

    return ended


async def of_a_disabled_person(stage: Stage):
    rt = stage.site.rt
    await users.enable("dave", rt=rt, caller=CALLER)
    code = await stage.browser().code(username="dave", password="the long words of dave")
    token = (await stage.site.redeem(code)).json()["access_token"]
    await stage.write("UPDATE app_user SET disabled_at = 1 WHERE username = 'dave'")
    return token


def userinfo(make):
    async def act(stage: Stage):
        token = await make(stage)
        stage.keep_secret(token)
        return await stage.site.get("/userinfo", headers={"authorization": f"Bearer {token}"})

    return act


def header(*values):
    async def act(stage: Stage):
        return await stage.site.get("/userinfo", headers=[("authorization", value) for value in values])

    return act


def introspect(make, client_id="api"):
    async def act(stage: Stage):
        token = await make(stage)
        stage.keep_secret(token)
        stage.told_before = stage.site.rt.new_id("den")
        form = stage.site.proof(client_id) | {"token": token, "denial_id": stage.told_before}
        return await stage.site.post("/introspect", form)

    return act


async def introspect_by_nobody(stage: Stage):
    return await stage.site.post("/introspect", {"client_id": "web", "token": await good(stage)})


def logout(make=None, **params):
    async def act(stage: Stage):
        asked = dict(params)
        if make is not None:
            asked["id_token_hint"] = await make(stage)
            stage.keep_secret(asked["id_token_hint"])
        return await stage.browser().get("/logout?" + urlencode(asked))

    return act


async def of_another_issuer(stage: Stage):
    claims = claims_of((await stage.tokens())["id_token"]) | {"iss": "https://other.example"}
    return stage.site.rt.keys.current.sign(claims, alg="RS256", typ="JWT", now=stage.site.clock())


def leased(what, client_id, *, end):
    """A token whose lease ran out before the server noted it, or was ended by its app."""

    async def ended(stage: Stage):
        tokens = await stage.tokens_on_a_lease(client_id)
        if end:
            await stage.site.post("/lease", {"lease": tokens["lease"], "action": "end"})
        else:
            stage.site.clock.advance(60)
        return tokens[what]

    return ended


def renew(make):
    async def act(stage: Stage):
        text = await make(stage)
        stage.keep_secret(text)
        return await stage.site.post("/lease", {"lease": text, "action": "renew"})

    return act


async def never_given(stage: Stage):
    return opaque.mint("ls", stage.site.rt.entropy(32))


BAD, SIGNED = "invalid_token", "token's form and signature"
CAUSES = [
    Cause("a text for a token", userinfo(const("nonsense-nonsense")), BAD, SIGNED, "three parts"),
    Cause("a token with a foreign signature", userinfo(forged(good)), BAD, SIGNED, "signature"),
    Cause("an ID token at a resource", userinfo(id_token), BAD, SIGNED, "typ"),
    Cause("a refresh token at a resource", userinfo(refresh_token), BAD, "token's form", "a refresh token"),
    Cause("an opaque token with a typing error", userinfo(typed_wrong), BAD, "token's form", "wrong checksum"),
    Cause("an opaque token that was never issued", userinfo(unknown), BAD, "token is known", "never issued"),
    Cause("a token whose time is over", userinfo(expired(good)), BAD, "token's time", "over since 0 s"),
    Cause("an opaque token whose time is over", userinfo(expired(good_opaque)), BAD, "token's time", "over since 0 s"),
    Cause("a token that was revoked", userinfo(revoked(good, "web")), BAD, "token is not revoked", "revoked"),
    Cause("an opaque token that was revoked", userinfo(revoked(good_opaque, "opaque-web")), BAD, "token is not revoked", "revoked"),
    Cause("a token of somebody who signed out", userinfo(signed_out(good)), BAD, "session is alive", "ended_by_administrator"),
    Cause("an opaque token of somebody who signed out", userinfo(signed_out(good_opaque)), BAD, "session is alive", "ended_by"),
    Cause("a token of somebody disabled", userinfo(of_a_disabled_person), BAD, "person", "disabled"),
    Cause("a token without openid", userinfo(without_openid), "insufficient_scope", "scope", "notes:read"),
    Cause("a robot's token", userinfo(of_a_robot), "insufficient_scope", "scope", "notes"),
    Cause("two tokens", header("Bearer abc", "Bearer abc"), "invalid_request", "invalid_request", "twice"),
    Cause("a token with spaces", header("Bearer a b"), "invalid_request", "invalid_request", "malformed"),
    Cause("nothing after Bearer", header("Bearer "), "invalid_request", "invalid_request", "malformed"),
    Cause("a public client that asks about a token", introspect_by_nobody, "invalid_client", "invalid_client", "confidential"),
    Cause("asking about a text", introspect(const("nonsense-nonsense")), "inactive", SIGNED, "three parts", "malformed_token"),
    Cause("asking about a foreign signature", introspect(forged(good)), "inactive", SIGNED, "signature", "malformed_token"),
    Cause("asking about an ID token", introspect(id_token), "inactive", SIGNED, "typ", "malformed_token"),
    Cause("asking about a token never issued", introspect(unknown), "inactive", "token is known", "never issued", "token_unknown"),
    Cause("asking about a token whose time is over", introspect(expired(good_opaque)), "inactive", "token's time", "over", "token_expired"),
    Cause("asking about a revoked token", introspect(revoked(good, "web")), "inactive", "token is not revoked", "", "token_revoked"),
    Cause("asking about a revoked opaque token", introspect(revoked(good_opaque, "opaque-web")), "inactive", "token is not revoked", "", "token_revoked"),
    Cause("asking about somebody who signed out", introspect(signed_out(good)), "inactive", "session is alive", "ended", "session_ended"),
    Cause("a token whose app ended its lease", userinfo(leased("access_token", "web", end=True)), BAD, "lease is alive", "ended 0 s ago"),
    Cause("a token whose lease ran out", userinfo(leased("access_token", "web", end=False)), BAD, "lease is alive", "0 s ago"),
    Cause("asking about a token whose lease ran out", introspect(leased("access_token", "opaque-web", end=False)), "inactive", "lease is alive", "0 s ago", "lease_ended"),
    Cause("asking about a token whose app ended its lease", introspect(leased("access_token", "web", end=True)), "inactive", "lease is alive", "0 s ago", "lease_ended"),
    Cause("renewing a lease that ran out", renew(leased("lease", "web", end=False)), "lease_ended", "lease is alive", "0 s ago"),
    Cause("renewing a lease that the app ended", renew(leased("lease", "web", end=True)), "lease_ended", "lease is alive", "0 s ago"),
    Cause("renewing a lease that was never given", renew(never_given), "lease_ended", "lease is known", "never given"),
    Cause("renewing with a refresh token", renew(refresh_token), "lease_ended", "lease's form", "a refresh token"),
    Cause("asking about another's token", introspect(good, "other-robot"), "inactive", "who may ask", "other-robot", "wrong_audience"),
    Cause("a hint that is none", logout(const("nonsense-nonsense")), "invalid_request", "id_token_hint", "three parts"),
    Cause("an access token for a hint", logout(good), "invalid_request", "id_token_hint", "typ"),
    Cause("a hint with a foreign signature", logout(forged(id_token)), "invalid_request", "id_token_hint", "signature"),
    Cause("a hint of another issuer", logout(of_another_issuer), "invalid_request", "id_token_hint", "other.example"),
    Cause("a hint of another client", logout(id_token, client_id="third"), "invalid_request", "client_id", "third"),
    Cause("an unregistered address to return to", logout(client_id="web", post_logout_redirect_uri="https://evil.example/"), "invalid_request", "post_logout_redirect_uri", "evil"),
    Cause("an address to return to and no client", logout(post_logout_redirect_uri="https://app.example/"), "invalid_request", "post_logout_redirect_uri", "none was named"),
]  # fmt: skip
