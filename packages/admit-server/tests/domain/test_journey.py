"""Journeys: the shortest way to what is required, how strong a sign-in is, and whether one of before will do."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.journey import (
    ACR_ONE_FACTOR,
    ACR_PHISHING_RESISTANT,
    ACR_TWO_FACTORS,
    Ask,
    Complete,
    Freshness,
    Means,
    NoWay,
    Proof,
    acr_of,
    complete,
    needed_acr,
    next_step,
    session_suffices,
    strongest,
)
from admit_server.domain.requirement import is_met, parse_requirement

KNOWS, HAS, IS = frozenset({"knowledge"}), frozenset({"possession"}), frozenset({"possession", "inherence"})
PASSWORD = Means(name="password", factors=KNOWS)
PASSKEY = Means(name="passkey", factors=IS, phishing_resistant=True, enrollable=True)
TOTP = Means(name="totp", factors=HAS, enrollable=True)
RECOVERY = Means(name="recovery_codes", factors=HAS, stands_in=True)
MAIL = Means(name="email_code")
ALL = (PASSWORD, PASSKEY, TOTP, RECOVERY, MAIL)
BY_PASSWORD = Proof("password", 10, ("pwd",), KNOWS)
BY_TOTP = Proof("totp", 12, ("otp",), HAS)
BY_PASSKEY = Proof("passkey", 11, ("hwk", "user"), IS, phishing_resistant=True)
BY_RECOVERY = Proof("recovery_codes", 13, ("kba",), HAS)


def without(*names):
    """The same means, of somebody who has not set these up."""
    return tuple(replace(each, usable=each.usable and each.name not in names) for each in ALL)


def step(text, *proofs, means=ALL, **more):
    return next_step(parse_requirement(text), proofs, means, **more)


def test_nothing_proven_asks_for_the_shortest_way_and_offers_the_others():
    assert step("password") == Ask("password")
    assert step("password or passkey") == Ask("password", ("passkey",))
    assert step("passkey or password") == Ask("password", ("passkey",)), "in the order of the settings"
    assert step("(password and totp) or passkey") == Ask("passkey", ("password",))


def test_after_one_proof_only_what_still_helps_is_asked():
    assert step("password and (passkey or totp)", BY_PASSWORD, means=without("recovery_codes")) == Ask(
        "passkey", ("totp",)
    )
    assert step("password and (passkey or totp)", BY_PASSWORD, means=without("passkey", "recovery_codes")) == Ask(
        "totp"
    )


def test_all_proven_is_complete_as_old_as_the_oldest_and_with_every_method_once():
    proofs = (Proof("password", 10, ("pwd", "user"), KNOWS), Proof("totp", 12, ("otp", "user"), HAS))
    assert step("password and totp", *proofs) == Complete(10, ("pwd", "user", "otp", "mfa"), ACR_TWO_FACTORS)


def test_a_proof_more_than_was_asked_for_is_told_as_well():
    assert step("password", BY_PASSWORD, BY_PASSKEY) == Complete(
        10, ("pwd", "hwk", "user", "mfa"), ACR_PHISHING_RESISTANT
    )


def test_without_any_proof_nothing_is_complete():
    assert step("password", means=()) == NoWay(("password",))


def test_a_class_that_is_asked_for_needs_more_than_the_requirement():
    assert step("password", BY_PASSWORD, acr=ACR_TWO_FACTORS) == Ask("passkey", ("totp", "recovery_codes"))
    assert step("password", BY_PASSWORD, acr=ACR_PHISHING_RESISTANT) == Ask("passkey")
    assert step("password or passkey", acr=ACR_TWO_FACTORS) == Ask("passkey", ("password",))
    assert isinstance(step("password", BY_PASSWORD, BY_TOTP, acr=ACR_TWO_FACTORS), Complete)


def test_a_passkey_with_a_touch_alone_is_one_factor():
    touched = replace(BY_PASSKEY, factors=HAS)
    assert step("passkey", touched, acr=ACR_TWO_FACTORS) == Ask("password")
    assert step("passkey", touched).acr == ACR_ONE_FACTOR


def test_mail_and_a_second_proof_of_the_same_kind_are_no_second_factor():
    assert acr_of([(KNOWS, False), (frozenset(), False)]) == ACR_ONE_FACTOR
    assert acr_of([(HAS, False), (HAS, False)]) == ACR_ONE_FACTOR
    assert acr_of([]) == ACR_ONE_FACTOR


def test_a_recovery_code_stands_in_for_what_got_lost_but_never_alone():
    lost = without("passkey", "totp")
    assert step("password and (passkey or totp)", BY_PASSWORD, means=lost) == Ask("recovery_codes")
    assert isinstance(step("password and totp", BY_PASSWORD, BY_RECOVERY, means=lost), Complete)
    assert step("passkey", means=without("passkey", "totp", "password", "email_code")) == NoWay(("passkey",))
    assert step("passkey", BY_RECOVERY, means=without("passkey", "password", "email_code", "totp")) == NoWay(
        ("passkey",)
    )


def test_a_recovery_code_is_no_password_and_does_not_resist_phishing():
    lost = without("passkey", "totp", "password")
    assert step("password and totp", BY_RECOVERY, means=lost) == NoWay(("password", "totp"))
    assert step("password", BY_PASSWORD, BY_RECOVERY, means=lost, acr=ACR_PHISHING_RESISTANT) == NoWay(())


def test_what_is_missing_may_be_set_up_on_the_way():
    poor = without("passkey", "totp", "recovery_codes")
    assert step("password and (passkey or totp)", BY_PASSWORD, means=poor) == NoWay(("passkey", "totp"))
    asked = step("password and (passkey or totp)", BY_PASSWORD, means=poor, may_enrol=True)
    assert asked == Ask("passkey", ("totp",), enrol=True)


def test_nothing_is_set_up_before_something_was_proven():
    poor = without("passkey", "totp", "recovery_codes")
    assert step("password and totp", means=poor, may_enrol=True) == NoWay(("totp",))


def test_who_has_a_second_factor_shows_it_before_another_one_is_set_up():
    """Else whoever found out a password could add a passkey of their own."""
    one_app = without("passkey", "recovery_codes")
    assert step("passkey", BY_PASSWORD, means=one_app, may_enrol=True) == Ask("totp")
    assert step("passkey", BY_PASSWORD, BY_TOTP, means=one_app, may_enrol=True) == Ask("passkey", enrol=True)


PROOFS = {"password": BY_PASSWORD, "passkey": BY_PASSKEY, "totp": BY_TOTP}
THREE = tuple(each for each in ALL if each.name in PROOFS)
TEXTS = st.recursive(
    st.sampled_from(list(PROOFS)),
    lambda inner: st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map(lambda p: f"({p[0]}{p[1]}{p[2]})"),
    max_leaves=5,
)


@given(TEXTS, st.frozensets(st.sampled_from(list(PROOFS))))
def test_following_the_steps_takes_as_few_as_any_way_there_is(text, usable):
    requirement = parse_requirement(text)
    means = tuple(replace(each, usable=each.name in usable) for each in THREE)
    fewest = min(
        (size for size in range(1, 4) for way in combinations(usable, size) if is_met(requirement, way.__contains__)),
        default=None,
    )
    given_proofs = ()
    while isinstance(asked := next_step(requirement, given_proofs, means), Ask):
        assert asked.authenticator in usable
        given_proofs += (PROOFS[asked.authenticator],)
    assert (len(given_proofs) if isinstance(asked, Complete) else None) == fewest


@given(TEXTS)
def test_every_way_that_is_offered_leads_on(text):
    requirement = parse_requirement(text)
    asked = next_step(requirement, (), THREE)
    for name in (asked.authenticator, *asked.others):
        after = next_step(requirement, (PROOFS[name],), THREE)
        assert isinstance(after, Ask | Complete)


def test_the_strongest_class_is_that_of_all_together():
    assert strongest([PASSWORD]) == ACR_ONE_FACTOR
    assert strongest([PASSWORD, TOTP]) == ACR_TWO_FACTORS
    assert strongest([PASSKEY]) == ACR_PHISHING_RESISTANT


def test_the_weakest_class_that_will_do_is_needed():
    assert needed_acr(()) == ACR_ONE_FACTOR
    assert needed_acr((ACR_TWO_FACTORS,)) == ACR_TWO_FACTORS
    assert needed_acr((ACR_PHISHING_RESISTANT, ACR_TWO_FACTORS)) == ACR_TWO_FACTORS


def test_an_old_session_tells_what_it_proved():
    assert complete((BY_PASSWORD,)) == Complete(10, ("pwd",), ACR_ONE_FACTOR)


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
