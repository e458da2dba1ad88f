"""Journeys: which proof comes next, and whether a sign-in of before will do."""

import pytest

from admit_server.domain.journey import (
    ACR_ONE_FACTOR,
    Ask,
    Complete,
    Freshness,
    Proof,
    Requirement,
    next_step,
    session_suffices,
)

TWO = Requirement(("password", "totp"))


def test_nothing_proven_asks_for_the_first():
    assert next_step(Requirement(), ()) == Ask("password")
    assert next_step(TWO, ()) == Ask("password")


def test_each_required_proof_is_asked_for_in_order():
    assert next_step(TWO, (Proof("password", 10, ("pwd",)),)) == Ask("totp")


def test_a_later_proof_does_not_stand_for_an_earlier_one():
    assert next_step(TWO, (Proof("totp", 10, ("otp",)),)) == Ask("password")
    assert next_step(Requirement(), (Proof("totp", 10, ("otp",)),)) == Ask("password")


def test_all_proven_is_complete_with_the_latest_time_and_every_method_once():
    proofs = (Proof("password", 10, ("pwd", "user")), Proof("totp", 12, ("otp", "user")))
    assert next_step(TWO, proofs) == Complete(auth_time=12, amr=("pwd", "user", "otp"), acr=ACR_ONE_FACTOR)


def test_a_proof_that_nobody_asked_for_adds_nothing():
    proofs = (Proof("password", 10, ("pwd",)), Proof("other", 99, ("x",)))
    assert next_step(Requirement(), proofs) == Complete(auth_time=10, amr=("pwd",), acr=ACR_ONE_FACTOR)


@pytest.mark.parametrize(
    ("max_age_s", "age", "enough"), [(60, 59, True), (60, 60, True), (60, 61, False), (0, 0, True), (0, 1, False)]
)
def test_max_age_counts_from_the_sign_in(max_age_s, age, enough):
    assert session_suffices(auth_time=1000, freshness=Freshness(max_age_s=max_age_s), now=1000 + age) is enough


def test_without_a_wish_any_living_session_will_do():
    assert session_suffices(auth_time=0, freshness=Freshness(), now=10**9)


@pytest.mark.parametrize("prompt", ["login", "select_account"])
def test_a_wish_to_choose_or_prove_anew_is_granted_however_fresh_the_session(prompt):
    freshness = Freshness(prompt=frozenset({prompt, "consent"}))
    assert not session_suffices(auth_time=1000, freshness=freshness, now=1000)


def test_none_and_consent_ask_for_no_new_proof():
    assert session_suffices(auth_time=1, freshness=Freshness(prompt=frozenset({"none"})), now=5)
    assert session_suffices(auth_time=1, freshness=Freshness(prompt=frozenset({"consent"})), now=5)
