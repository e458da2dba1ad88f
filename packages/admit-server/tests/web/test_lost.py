"""What is read at a step by who has lost what it asks."""

import re
from types import SimpleNamespace

import pytest
from site_kit import first_form

from admit_server.authenticators.api import Challenge
from admit_server.flows.journeys.state import Journey, Pending
from admit_server.flows.journeys.steps import Step
from admit_server.web.pages.lost import lost
from admit_server.web.pages.step import WORDS

pytestmark = pytest.mark.anyio
ALICE = SimpleNamespace(username="alice")
EVERYTHING = ("password", "passkey", "totp", "recovery_codes")
_LOST = re.compile(r'<details class="lost".*?</details>', re.DOTALL)


def said(method, *others, user=ALICE, beside=(), enrol=False, loaded=EVERYTHING, mails=False):
    challenges = tuple(Pending(name, Challenge(kind=name), "id") for name in beside)
    step = Step(journey=Journey(), method=method, others=others, enrol=enrol, user=user, beside=challenges)
    rt = SimpleNamespace(authenticators=dict.fromkeys(loaded), mailer=SimpleNamespace(on=mails))
    return lost(step, called=lambda name: WORDS.get(name, name), rt=rt)


def details(page):
    found = _LOST.search(page.text)
    return found[0] if found else ""


def test_after_a_proof_it_names_what_the_step_offers():
    found = said("passkey", "totp", "recovery_codes")
    assert found.question == "Is your passkey or security key gone?"
    assert found.instead == "a code from an app or a recovery code"
    assert found.proven
    assert found.by_link


def test_with_nothing_else_only_the_administrator_is_left():
    assert said("passkey").instead == ""


def test_before_a_proof_it_names_what_the_page_offers_everybody():
    found = said("password", "totp", user=None, beside=("passkey",))
    assert (found.of, found.proven) == ("passkey", False)
    assert found.instead == "your user name and password or a code from an app"
    assert said("passkey", user=None).instead == ""


def test_where_no_passkey_is_asked_of_strangers_there_is_nothing_to_say():
    assert said("password", user=None) is None


def test_who_sets_something_up_has_lost_nothing():
    assert said("passkey", enrol=True) is None


@pytest.mark.parametrize(
    ("method", "question"),
    [
        ("totp", "Is the app with your codes gone?"),
        ("recovery_codes", "Are your recovery codes gone?"),
        ("password", "Forgot your password?"),
        ("carrier pigeon", "Is this not possible for you?"),
    ],
)
def test_each_way_has_its_question(method, question):
    assert said(method).question == question


def test_a_link_that_sets_a_password_is_of_no_use_where_none_is_taken():
    assert not said("passkey", loaded=("passkey", "totp")).by_link


@pytest.fixture
async def named(open_site):
    """Its address has a name, so passkeys can be used."""
    async with open_site(issuer="http://localhost:8100") as site:
        yield site


async def test_the_first_page_says_the_same_whoever_is_named(named):
    texts = set()
    for name in ("alice", "bob", "nopassword", "nobody at all"):
        browser = named.browser()
        form = first_form((await browser.get("/sign-in")).text)
        sent = await browser.send("/sign-in", form | {"username": name, "with": "passkey"})
        texts.add(details(await browser.get(sent.headers["location"])))
        refused = await browser.send("/sign-in", form | {"username": name, "password": "wrong wrong wrong"})
        texts.add(details(refused))
    texts.add(details(await named.browser().get("/sign-in")))
    assert len({text.replace(" open", "") for text in texts}) <= 2
    for text in texts:
        assert "your user name and password" in text
        assert "ask the administrator for a recovery link" in text
        assert "recovery code" not in text
