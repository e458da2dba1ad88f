"""A passkey in an app that shows its own pages: `/authorize-challenge`, with an authenticator in software."""

import pytest
from site_kit import CHALLENGE, PASSWORD, claims_of, set_up
from soft_authenticator import SoftAuthenticator

pytestmark = pytest.mark.anyio
APP = "android:apk-key-hash:czAIcfRMFo58lJ3ix1DmDCybuP9TABfFomcjTpy0244"
NATIVE = {"client": {"origin": APP}}
REQUEST = {"scope": "openid notes:read", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}


@pytest.fixture
def at_home(open_site):
    """Opens a site whose address has a name, and whose passkeys an app may use."""

    def opened(toml=""):
        return open_site(toml=f'[passkey]\norigins = ["{APP}"]\n' + toml, issuer="http://localhost:8100")

    return opened


async def given(site, **options):
    """A passkey of alice, added in the app."""
    device = SoftAuthenticator(**options)
    await set_up(site, "alice", "passkey", lambda public: {"response": device.create(public, **NATIVE)})
    return device


async def challenge(site, *forms):
    form = site.proof("script")
    for part in forms:
        form |= part
    return await site.post("/authorize-challenge", form)


def step_of(answer):
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert body["error"] == "insufficient_authorization", body
    return {"auth_session": body["auth_session"]}, body["step"]


def shown(device, step, **wrong):
    return {"response": device.get(step["public"], **NATIVE | wrong)}


async def test_it_signs_in_without_a_user_name_and_the_sign_in_resists_phishing(at_home):
    async with at_home() as site:
        device = await given(site)
        session, step = step_of(await challenge(site, REQUEST, {"method": "passkey"}))
        assert (step["method"], step["fields"]) == ("passkey", ["response"])
        assert step["public"]["publicKey"]["allowCredentials"] == []
        done = await challenge(site, session, shown(device, step))
        assert done.status_code == 200, done.text
        tokens = (await site.redeem(done.json()["authorization_code"], "script")).json()
        alice = await site.rt.store.read.users.by_username_key("alice")
        assert claims_of(tokens["id_token"])["sub"] == alice.id
        assert await site.rows("SELECT amr, acr FROM session") == [('["pop","user","mfa"]', "urn:admit:acr:phr")]


async def test_as_a_second_proof_it_is_asked_for_by_its_id(at_home):
    async with at_home('[sign_in]\nrequires = "password and passkey"\n') as site:
        device = await given(site)
        session, step = step_of(await challenge(site, REQUEST, {"username": "alice", "password": PASSWORD}))
        assert (step["method"], len(step["public"]["publicKey"]["allowCredentials"])) == ("passkey", 1)
        assert (await challenge(site, session, shown(device, step))).status_code == 200


@pytest.mark.parametrize("origin", ["http://localhost:8100", APP])
async def test_the_origins_are_the_servers_own_and_those_of_the_settings(at_home, origin):
    async with at_home() as site:
        device = await given(site)
        session, step = step_of(await challenge(site, REQUEST, {"method": "passkey"}))
        assert (await challenge(site, session, shown(device, step, client={"origin": origin}))).status_code == 200


async def test_an_app_that_nobody_named_gets_nobody_in(at_home):
    async with at_home() as site:
        device = await given(site)
        session, step = step_of(await challenge(site, REQUEST, {"method": "passkey"}))
        other = await challenge(site, session, shown(device, step, client={"origin": APP.replace("czAI", "dzAI")}))
        assert other.json()["error"] == "access_denied"


async def test_an_answer_is_good_for_its_own_challenge_once(at_home):
    async with at_home() as site:
        device = await given(site)
        session, step = step_of(await challenge(site, REQUEST, {"method": "passkey"}))
        answer = shown(device, step)
        other, _ = step_of(await challenge(site, REQUEST, {"method": "passkey"}))
        assert (await challenge(site, other, answer)).json()["error"] == "access_denied"
        assert (await challenge(site, session, answer)).status_code == 200
        assert (await challenge(site, session, answer)).json()["error"] == "access_denied"


async def test_whoever_is_named_beside_it_the_passkey_says_who_it_is(at_home):
    """The name that was typed opens nothing: another person's passkey is not theirs."""
    async with at_home() as site:
        device = await given(site)
        session, step = step_of(await challenge(site, REQUEST, {"method": "passkey", "username": "bob"}))
        answer = await challenge(site, session, {"username": "bob"} | shown(device, step))
        assert answer.json()["error"] == "access_denied"
        assert await site.rows("SELECT 1 FROM session") == []


async def test_a_name_that_nobody_has_gets_the_same_step(at_home):
    async with at_home() as site:
        await given(site)
        steps = []
        for name in ("alice", "nobody"):
            _, step = step_of(await challenge(site, REQUEST, {"method": "passkey", "username": name}))
            step["public"]["publicKey"].pop("challenge")
            steps.append(step)
        assert steps[0] == steps[1]
