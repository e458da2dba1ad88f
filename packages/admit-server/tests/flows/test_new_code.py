"""The grant and its code: of a session that there is, and in one unit with a new one."""

import pytest
from site_kit import API, CHALLENGE, PASSWORD

from admit_server.domain.authorization_request import AuthorizationRequest
from admit_server.domain.errors import AccessDenied
from admit_server.domain.journey import Complete
from admit_server.flows.admin import roles
from admit_server.flows.endings import end_session
from admit_server.flows.new_code import issue_code
from admit_server.flows.new_session import current_session
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio


def request(client_id="script", *scopes):
    return AuthorizationRequest(
        client_id=client_id,
        redirect_uri="",
        scopes=frozenset(scopes or ("notes:read",)),
        audience=API,
        state=None,
        nonce=None,
        code_challenge=CHALLENGE,
    )


async def challenge(site, scope):
    ask = {"scope": scope, "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    form = site.proof("script") | ask | {"username": "alice", "password": PASSWORD}
    return await site.post("/authorize-challenge", form)


async def test_a_session_that_ended_meanwhile_gets_no_code(site):
    browser = site.browser()
    await browser.sign_in()
    session = await current_session(browser.cookies["admit-8100-sid"], rt=site.rt)
    client = await site.rt.store.read.clients.get("script")
    sign_in = Complete(session.auth_time, session.amr, session.acr)

    async def code():
        return await issue_code(
            request(),
            client=client,
            session_id=session.id,
            user_id=session.user_id,
            sign_in=sign_in,
            rt=site.rt,
            caller=Caller(),
        )

    assert (await code()).startswith("adm_ac_")
    await site.rt.store.write(lambda tx: end_session(tx, session.id, reason="test", nonce="n", now=site.clock()))
    with pytest.raises(AccessDenied, match="session has ended"):
        await code()


async def test_an_app_gets_session_and_code_from_one_unit(site, monkeypatch):
    """One commit for the try that is counted, and one for all that it leads to."""
    write, units = type(site.rt.store).write, []

    async def counting(store, unit, *more, **named):
        units.append(unit)
        return await write(store, unit, *more, **named)

    monkeypatch.setattr(type(site.rt.store), "write", counting)
    assert (await challenge(site, "notes:read")).status_code == 200
    # Housekeeping writes beside it.
    parts = {"charging", "sign_in", "judging", "new_session", "new_code", "first_party"}
    mine = [unit.__qualname__ for unit in units if unit.__module__.rpartition(".")[2] in parts]
    assert mine == ["charge_all.<locals>.unit", "begin_session.<locals>.unit"]


async def test_a_code_that_is_refused_undoes_nothing_of_the_sign_in(site):
    await roles.add("boss", policy=None, scopes=frozenset({"notes:write"}), rt=site.rt, caller=Caller())
    refused = await challenge(site, "notes:write")

    assert refused.json()["error"] == "invalid_scope"
    actions = await site.actions()
    assert actions.count("sign_in.done") == 1
    assert "grant.made" not in actions
