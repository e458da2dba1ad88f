"""Every act that matters leaves its event; no secret is in any event, row or log line."""

import logging
import re

import pytest
from site_kit import BOBS_PASSWORD, CHALLENGE, PASSWORD, VERIFIER, answer_of, hidden_fields

from admit_server.domain.throttle import ACCOUNT
from admit_server.flows import keys
from admit_server.flows.admin import clients, policies, resources, sessions, tokens, users
from admit_server.flows.denials import write_tally
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio

ADMIN = Caller(actor="admin")
WRONG = "a wrong pass phrase that somebody typed"
NEW_PASSWORD = "the newest pass phrase of all"


async def walk(site) -> set[str]:
    """Through everything, the good and the bad; every secret that was seen on the way."""
    secrets = {PASSWORD, BOBS_PASSWORD, WRONG, NEW_PASSWORD, VERIFIER, *site.secrets.values()}

    def saw(answer):
        secrets.update(re.findall(r"adm_[a-z]{2}_[0-9A-Za-z]{49}", answer.text + str(answer.headers)))
        secrets.update(re.findall(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", answer.text))
        return answer

    browser = site.browser()
    step = await browser.authorize(scope="openid profile email notes:read")
    await browser.sign_in(step.headers["location"], password=WRONG)
    done = saw(await browser.sign_in(step.headers["location"]))
    secrets.update(browser.cookies.values())
    code = answer_of(done)["code"]
    first = saw(await site.redeem(code)).json()
    second = saw(await site.refresh(first["refresh_token"])).json()
    saw(await site.refresh(first["refresh_token"]))
    saw(await site.refresh(second["refresh_token"]))
    saw(await site.refresh(first["refresh_token"]))
    await site.redeem(code)
    await site.introspect(first["access_token"])
    await site.get("/userinfo", headers={"authorization": "Bearer " + first["access_token"]})
    third = await browser.get((await browser.authorize("third")).headers["location"])
    await browser.send("/consent", hidden_fields(third.text) | {"decision": "deny"})
    saw(await browser.send("/consent", hidden_fields(third.text) | {"decision": "allow"}))
    own = saw(await site.own_token()).json()["access_token"]
    await site.own_token(scope="admin", client_secret="adm_cs_" + "1" * 49)
    await site.own_token(scope="admin")
    await site.post("/revoke", {"token": own} | site.proof("robot"))
    await site.post("/token", {"grant_type": "x"}, auth=("robot", WRONG))
    opaque = await site.tokens("opaque-web")
    secrets.update({opaque["access_token"], opaque["refresh_token"]})
    await site.post("/revoke", {"token": opaque["refresh_token"]} | site.proof("opaque-web"))
    ask = {"client_id": "script", "scope": "openid", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    challenged = saw(await site.post("/authorize-challenge", ask))
    secrets.add(challenged.json()["auth_session"])
    saw(await site.post("/authorize-challenge", ask | {"username": "alice", "password": PASSWORD}))
    out = await browser.get("/logout")
    await browser.send("/logout", hidden_fields(out.text))
    for _ in range(ACCOUNT.free_failures + 1):
        await site.browser().sign_in(username="bob", password=WRONG)
    await site.browser().sign_in(username=PASSWORD, password="alice")  # the fields mixed up
    await site.get("/authorize?client_id=" + secrets_in_wrong_places(own))
    rt = site.rt
    await users.add(users.NewUser(username="carol", password=NEW_PASSWORD), rt=rt, caller=ADMIN)
    await users.set_password("carol", NEW_PASSWORD + "!", rt=rt, caller=ADMIN)
    secrets.add(NEW_PASSWORD + "!")
    added = await clients.add(clients.NewClient(name="Fresh", audiences=()), rt=rt, caller=ADMIN)
    assert added.secret is not None
    secrets.add(added.secret)
    await resources.add(resources.NewResource(audience="https://new.example"), rt=rt, caller=ADMIN)
    from admit_server.domain.token_policy import TokenPolicy

    await policies.set_policy("short", TokenPolicy(lifetime_s=60), rt=rt, caller=ADMIN)
    issued = await tokens.issue(
        tokens.NewToken(user="alice", client="web", resource="https://api.example"), rt=rt, caller=ADMIN
    )
    secrets.update({issued.tokens.access_token, issued.tokens.refresh_token or PASSWORD})
    await tokens.end(issued.tokens.access_token, rt=rt, caller=ADMIN)
    await site.browser().sign_in()
    session = (await site.rows("SELECT id FROM session WHERE ended_at IS NULL"))[0][0]
    await sessions.end_one(session, rt=rt, caller=ADMIN)
    await users.disable("alice", rt=rt, caller=ADMIN)
    await users.enable("alice", rt=rt, caller=ADMIN)
    await keys.rotate("ES256", rt=rt, caller=ADMIN)
    await write_tally(rt)
    return {secret for secret in secrets if len(secret) > 8}


def secrets_in_wrong_places(token: str) -> str:
    return token[:60]


@pytest.fixture
async def walked(site, caplog):
    caplog.set_level(logging.DEBUG, logger="admit")
    secrets = await walk(site)
    return site, secrets, caplog.get_records("setup")


async def test_every_act_left_its_event(walked):
    site, _, _ = walked
    actions = set(await site.actions())
    expected = {
        "sign_in.done", "sign_in.failed", "sign_in.throttled", "session.ended", "grant.made", "grant.ended", "token.issued",
        "token.refreshed", "token.revoked", "refresh_token.replayed", "refresh_token.reused", "code.reused", "user.added",
        "user.password_set", "user.disabled", "user.enabled", "client.added", "resource.added", "policy.set", "key.rotated",
    }  # fmt: skip
    assert expected <= actions, expected - actions


async def test_every_event_says_who_what_and_when(walked):
    site, _, _ = walked
    for event in await site.events():
        assert event.at >= site.clock() - 10
        assert event.target, event
        assert event.outcome in ("done", "refused")
        if event.actor != "admin" and event.action not in ("key.made",):
            assert event.network, event


async def test_no_secret_stands_in_any_row_of_the_database(walked):
    site, secrets, _ = walked
    tables = [name for (name,) in await site.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    assert "audit_event" in tables
    dump = {table: repr(await site.rows(f"SELECT * FROM {table}")) for table in tables}
    for secret in secrets:
        for table, text in dump.items():
            assert secret not in text, (table, secret[:12])
            assert secret.encode().hex() not in text


async def test_no_secret_stands_in_the_files_of_the_database(walked):
    site, secrets, _ = walked
    for path in site.directory.iterdir():
        if path.name != "admit.key":
            content = path.read_bytes()
            for secret in secrets:
                assert secret.encode() not in content, (path.name, secret[:12])


async def test_no_secret_stands_in_any_log_line(walked):
    _, secrets, records = walked
    assert records
    for record in records:
        line = record.getMessage() + str(record.exc_info or "")
        for secret in secrets:
            assert secret not in line, record.getMessage()[:60]
