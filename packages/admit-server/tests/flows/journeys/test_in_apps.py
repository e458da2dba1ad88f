"""The same journey in an app that shows its own pages."""

import pytest
from journeys_kit import give_card
from site_kit import CHALLENGE, PASSWORD

pytestmark = pytest.mark.anyio

ASK = {"scope": "openid notes:read", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
PROOF = {"username": "alice", "password": PASSWORD}


async def challenge(site, *forms, client_id="script"):
    form = site.proof(client_id)
    for part in forms:
        form |= part
    return await site.post("/authorize-challenge", form, app=site.app)


def step_of(answer):
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert body["error"] == "insufficient_authorization", body
    assert "denial_id" not in body
    return {"auth_session": body["auth_session"]}, body["step"]


async def test_each_answer_names_the_next_step_until_the_code_comes(site, desk):
    desk("password and card")
    await give_card(site)
    session, step = step_of(await challenge(site, ASK))
    assert step == {"method": "password", "fields": ["username", "password"], "others": []}
    session, step = step_of(await challenge(site, session, PROOF))
    assert step == {"method": "card", "fields": ["number"], "others": [], "public": {"of": 1}}
    done = await challenge(site, session, {"number": "2"})
    assert done.status_code == 200
    tokens = await site.redeem(done.json()["authorization_code"], "script")
    assert tokens.status_code == 200
    assert await site.rows("SELECT amr, acr FROM session") == [('["pwd","otp","mfa"]', "urn:admit:acr:2fa")]


async def test_a_wrong_second_step_is_refused_and_can_be_tried_again(site, desk):
    desk("password and card")
    await give_card(site)
    session, _ = step_of(await challenge(site, ASK, PROOF))
    wrong = await challenge(site, session, {"number": "9"})
    assert (wrong.status_code, wrong.json()["error"]) == (400, "access_denied")
    assert (await challenge(site, session, {"number": "2"})).status_code == 200
    again = await challenge(site, session, {"number": "2"})
    assert again.json()["error"] == "access_denied", "a number is good once"


async def test_another_method_may_be_chosen_and_is_begun_by_that(site, desk, letter):
    desk("card or letter")
    session, step = step_of(await challenge(site, ASK, {"username": "alice"}))
    assert (step["method"], step["others"], letter.sent) == ("card", ["letter"], [])
    session, step = step_of(await challenge(site, session, {"method": "letter"}))
    assert (step["method"], letter.sent) == ("letter", ["alice"])
    assert (await challenge(site, session, {"code": "4711"})).status_code == 200


async def test_a_session_of_steps_belongs_to_its_client(site, desk):
    desk("password and card")
    await give_card(site)
    session, _ = step_of(await challenge(site, ASK, PROOF))
    stolen = await challenge(site, session, {"number": "2"}, client_id="web")
    assert stolen.json()["error"] == "invalid_session"


async def test_nothing_is_set_up_in_an_app(site, desk):
    desk("password and card")
    answer = await challenge(site, ASK, PROOF)
    assert (answer.status_code, answer.json()["error"]) == (400, "access_denied")
    assert (await site.actions())[0] == "sign_in.stuck"


async def test_a_mail_is_no_link_to_a_browser_that_is_not_there(site, desk, letter):
    desk("letter")
    session, step = step_of(await challenge(site, ASK, {"username": "alice", "method": "letter"}))
    assert (step["fields"], letter.sent) == (["code"], ["alice"])
    assert (await challenge(site, session, {"code": "4711"})).status_code == 200


async def test_an_unknown_name_gets_the_same_steps(site, desk, letter):
    desk("letter")
    known = (await challenge(site, ASK, {"username": "alice", "method": "letter"})).json()["step"]
    unknown = (await challenge(site, ASK, {"username": "nobody", "method": "letter"})).json()["step"]
    assert known == unknown
    assert letter.sent == ["alice", None]
