"""A journey in progress: it comes back as it was, to its own browser, in its time."""

import pytest

from admit_server.authenticators.api import Challenge
from admit_server.domain.errors import InvalidRequest
from admit_server.domain.journey import Proof
from admit_server.flows.journeys.state import (
    LASTS_S,
    Asked,
    Given,
    Journey,
    Pending,
    seal_challenge,
    seal_journey,
    unseal_challenge,
    unseal_journey,
)

pytestmark = pytest.mark.anyio

CHALLENGE = Challenge(kind="code", fields=("code",), public={"to": "a***"}, state=b"\x00\xff")
PENDING = Pending("email_code", CHALLENGE, "id-1", "älice")
FAR = Journey(
    name="älice",
    user_id="usr_1",
    given=(
        Given(Proof("password", 1000, ("pwd",), frozenset({"knowledge"})), 1000, (("crd_1", 3),)),
        Given(
            Proof("passkey", 6, ("hwk",), frozenset({"possession", "inherence"}), phishing_resistant=True),
            1000,
            session="ses_1",
        ),
    ),
    choice="email_code",
    pending=PENDING,
)


def kept(journey, site, *, browser="b1", after_s=0, opened_by="b1"):
    text = seal_journey(journey, browser=browser, rt=site.rt, now=1000)
    return unseal_journey(text, browser=opened_by, rt=site.rt, now=1000 + after_s)


@pytest.mark.parametrize("journey", [Journey(), FAR])
async def test_it_comes_back_as_it_was(site, journey):
    assert kept(journey, site, after_s=LASTS_S - 1) == journey


@pytest.mark.parametrize("wrong", [{"opened_by": "b2"}, {"after_s": LASTS_S}])
async def test_not_to_another_browser_and_not_too_late(site, wrong):
    with pytest.raises(InvalidRequest):
        kept(FAR, site, **wrong)


async def test_a_challenge_comes_back_with_its_answer(site):
    text = seal_challenge(PENDING, user_id="usr_1", browser="b1", rt=site.rt, now=1000)
    assert unseal_challenge(text, browser="b1", rt=site.rt, now=1001) == Asked(
        "email_code", b"\x00\xff", "id-1", "usr_1", "älice"
    )


async def test_a_journey_is_no_challenge_and_a_challenge_no_journey(site):
    with pytest.raises(InvalidRequest):
        unseal_challenge(seal_journey(FAR, browser="b1", rt=site.rt, now=1), browser="b1", rt=site.rt, now=2)
    text = seal_challenge(PENDING, user_id=None, browser="b1", rt=site.rt, now=1)
    with pytest.raises(InvalidRequest):
        unseal_journey(text, browser="b1", rt=site.rt, now=2)


def test_nobody_is_proved_by_a_name_alone():
    assert Journey(name="alice", user_id="usr_1").proved_user is None
    assert FAR.proved_user == "usr_1"


def test_the_same_proof_given_again_takes_the_place_of_the_older():
    proof = Proof("password", 9, ("pwd",))
    journey = FAR.after(proof, (("crd_1", 4),), user_id="usr_1")
    assert [each.proof.at for each in journey.given] == [6, 9]
    assert (journey.choice, journey.pending) == ("", None)
