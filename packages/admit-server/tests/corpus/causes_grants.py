"""Codes and refresh tokens that buy nothing."""

from corpus_kit import CALLER, Cause, Stage
from site_kit import VERIFIER

from admit_server.flows.admin import sessions, users
from admit_server.flows.revoke import end_grant_of_client
from admit_server.tokens import opaque

OTHER_CALLBACK = "https://third.example/cb"


def code_request(**changes):
    """A fresh code of alice, redeemed with changes; a field of '' is left out."""

    async def act(stage: Stage):
        client_id = changes.get("of", "web")
        code = await stage.code(client_id)
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER} | changes
        sender = form.pop("sender", client_id)
        form.pop("of", None)
        return await stage.token_request(sender, **{name: value for name, value in form.items() if value})

    return act


def a_code(make):
    async def act(stage: Stage):
        text = await make(stage)
        stage.keep_secret(text)
        return await stage.token_request(grant_type="authorization_code", code=text, code_verifier=VERIFIER)

    return act


async def never_issued(stage: Stage, kind="ac"):
    return opaque.mint(kind, stage.site.rt.entropy(32))


async def used_twice(stage: Stage):
    code = await stage.code()
    await stage.site.redeem(code)
    return code


async def too_old(stage: Stage):
    code = await stage.code()
    stage.site.clock.advance(60)
    return code


async def of_an_ended_session(stage: Stage):
    code = await stage.code()
    await sessions.end_all_of_user("alice", rt=stage.site.rt, caller=CALLER)
    return code


async def of_an_ended_grant(stage: Stage):
    code = await stage.code()
    rows = await stage.site.rows("SELECT id FROM access_grant ORDER BY created_at DESC LIMIT 1")
    await end_grant_of_client(rows[0][0], actor="test", reason="revoked", rt=stage.site.rt, caller=CALLER)
    return code


async def typed_wrong(stage: Stage):
    code = await stage.code()
    return code[:-1] + ("0" if code[-1] != "0" else "1")


async def without_pkce(stage: Stage):
    return await stage.code("old", code_challenge="", code_challenge_method="")


def old_code(**form):
    async def act(stage: Stage):
        code = await without_pkce(stage)
        return await stage.token_request("old", grant_type="authorization_code", code=code, **form)

    return act


def refresh(make, *, sender="web", **form):
    async def act(stage: Stage):
        text = await make(stage)
        stage.keep_secret(text)
        asked = {"grant_type": "refresh_token", "refresh_token": text} | stage.site.proof(sender) | form
        return await stage.site.post("/token", asked)

    return act


async def fresh(stage: Stage):
    return (await stage.tokens())["refresh_token"]


async def unused_for_too_long(stage: Stage):
    token = await fresh(stage)
    stage.site.clock.advance(14 * 86_400)
    return token


async def reused_late(stage: Stage):
    token = await fresh(stage)
    await stage.site.refresh(token)
    stage.site.clock.advance(31)
    return token


async def on_a_lease_that_ran_out(stage: Stage):
    tokens = await stage.tokens_on_a_lease("web")
    stage.site.clock.advance(60)
    return tokens["refresh_token"]


async def of_a_late_tab(stage: Stage):
    first = await fresh(stage)
    second = (await stage.site.refresh(first)).json()["refresh_token"]
    await stage.site.refresh(second)
    return first


async def repeated_too_often(stage: Stage):
    first = await fresh(stage)
    for _ in range(6):
        await stage.site.refresh(first)
        stage.site.clock.advance(1)
    return first


async def of_a_signed_out_person(stage: Stage):
    token = await fresh(stage)
    await sessions.end_all_of_user("alice", rt=stage.site.rt, caller=CALLER)
    return token


async def of_a_disabled_person(stage: Stage):
    browser = stage.browser()
    code = await browser.code(username="erin", password="the long words of erin")
    token = (await stage.site.redeem(code)).json()["refresh_token"]
    await users.disable("erin", rt=stage.site.rt, caller=CALLER)
    return token


async def given_back(stage: Stage):
    token = await fresh(stage)
    await stage.site.post("/revoke", {"token": token, "client_id": "web"})
    return token


async def after_its_code_was_stolen(stage: Stage):
    code = await stage.code()
    token = (await stage.site.redeem(code)).json()["refresh_token"]
    await stage.site.redeem(code)
    return token


async def an_access_token(stage: Stage):
    return (await stage.tokens())["access_token"]


def const(text):
    async def make(stage: Stage):
        return text

    return make


GRANT = "invalid_grant"
CAUSES = [
    Cause("a code that is none", a_code(const("nonsense-nonsense")), GRANT, "code's form", "another form"),
    Cause("a code with a typing error", a_code(typed_wrong), GRANT, "code's form", "wrong checksum"),
    Cause("a code that was never issued", a_code(never_issued), GRANT, "code is known", "never issued"),
    Cause("a refresh token for a code", a_code(fresh), GRANT, "code's form", "a refresh token"),
    Cause("an access token for a code", a_code(an_access_token), GRANT, "code's form", "a JWT"),
    Cause("a code used twice", a_code(used_twice), GRANT, "code is unused", "used before"),
    Cause("a code that is too old", a_code(too_old), GRANT, "code's time", "over since 0 s"),
    Cause("a code of a session that has ended", a_code(of_an_ended_session), GRANT, "session is alive", "ended_by_administrator"),
    Cause("a code of a grant that was ended", a_code(of_an_ended_grant), GRANT, "grant is alive", "revoked"),
    Cause("another client's code", code_request(sender="third"), GRANT, "code's client", "third"),
    Cause("a confidential client with another's code", code_request(sender="portal"), GRANT, "code's client", "portal"),
    Cause("another redirect URI", code_request(redirect_uri=OTHER_CALLBACK), GRANT, "redirect_uri", OTHER_CALLBACK),
    Cause("a redirect URI in other letters", code_request(redirect_uri="https://APP.example/cb"), GRANT, "redirect_uri", "APP"),
    Cause("no verifier", code_request(code_verifier=""), GRANT, "code_verifier", "missing"),
    Cause("another verifier", code_request(code_verifier="x" * 43), GRANT, "code_verifier", "does not match"),
    Cause("a short verifier", code_request(code_verifier="x" * 42), GRANT, "code_verifier", "43 to 128"),
    Cause("a verifier with odd characters", code_request(code_verifier="é" * 43), GRANT, "code_verifier", "unreserved"),
    Cause("a verifier where no challenge was", old_code(code_verifier=VERIFIER, redirect_uri="https://old.example/cb"), GRANT, "code_verifier", "without a challenge"),
    Cause("no redirect URI without PKCE", old_code(), GRANT, "redirect_uri", "nothing"),
    Cause("a refresh token that is none", refresh(const("nonsense-nonsense")), GRANT, "token's form", "another form"),
    Cause("a code for a refresh token", refresh(lambda stage: stage.code()), GRANT, "token's form", "an authorization code"),
    Cause("an access token for a refresh token", refresh(an_access_token), GRANT, "token's form", "a JWT"),
    Cause("a refresh token that was never issued", refresh(lambda stage: never_issued(stage, "rt")), GRANT, "token is known", "never issued"),
    Cause("another client's refresh token", refresh(fresh, sender="third"), GRANT, "token's client", "third"),
    Cause("a confidential client with another's", refresh(fresh, sender="portal"), GRANT, "token's client", "portal"),
    Cause("a refresh token unused for too long", refresh(unused_for_too_long), GRANT, "token's time", "over since 0 s"),
    Cause("a refresh token used long before", refresh(reused_late), GRANT, "token is unused", "family was ended"),
    Cause("a refresh token of a late tab", refresh(of_a_late_tab), GRANT, "token is unused", "successor was used"),
    Cause("a refresh token repeated too often", refresh(repeated_too_often), GRANT, "repeats of a used token", "at most 5"),
    Cause("a refresh token of a signed-out person", refresh(of_a_signed_out_person), GRANT, "session is alive", "ended_by_administrator"),
    Cause("a refresh token whose lease ran out", refresh(on_a_lease_that_ran_out), GRANT, "lease is alive", "0 s ago"),
    Cause("a refresh token of a disabled person", refresh(of_a_disabled_person), GRANT, "grant is alive", "user_disabled"),
    Cause("a refresh token that was given back", refresh(given_back), GRANT, "grant is alive", "revoked_by_client"),
    Cause("a refresh token whose code was used twice", refresh(after_its_code_was_stolen), GRANT, "grant is alive", "code_reused"),
    Cause("a refresh for more than was granted", refresh(fresh, scope="notes:read notes:write"), "invalid_scope", "scope", "notes:write"),
]  # fmt: skip
