import pickle

import pytest

from admit import InsufficientScope, Principal, StepUpRequired

CLAIMS = {
    "sub": "alice",
    "scope": "read write",
    "client_id": "app",
    "sid": "ses_1",
    "grant": "grt_1",
    "jti": "t1",
    "exp": 1000,
    "auth_time": 500,
    "acr": "silver",
    "amr": ["pwd", "otp"],
    "org": "acme",
}


@pytest.fixture
def who():
    return Principal.from_claims(CLAIMS)


def test_the_claims_become_attributes(who):
    assert (who.subject, who.client_id, who.session_id, who.grant_id) == ("alice", "app", "ses_1", "grt_1")
    assert (who.token_id, who.expires_at, who.auth_time, who.acr, who.amr) == (
        "t1",
        1000,
        500,
        "silver",
        ("pwd", "otp"),
    )
    assert who.scopes == {"read", "write"}
    assert who.claims["org"] == "acme"


def test_claims_cannot_be_changed(who):
    with pytest.raises(TypeError):
        who.claims["sub"] = "mallory"


def test_a_scope_is_a_whole_word(who):
    assert who.has("read", "write")
    assert not who.has("rea")
    assert not who.has("read write")


def test_requiring_granted_scopes_passes(who):
    who.require("read")
    who.require()


def test_a_missing_scope_is_said_together_with_all_that_are_needed(who):
    with pytest.raises(InsufficientScope) as caught:
        who.require("read", "admin")

    assert caught.value.status == 403
    assert 'scope="read admin"' in caught.value.challenge()


@pytest.mark.parametrize(("age_s", "recent"), [(0, True), (300, True), (301, False)])
def test_a_sign_in_counts_as_recent_up_to_its_age(who, age_s, recent):
    if recent:
        who.require_recent_sign_in(300, now=500 + age_s)
    else:
        with pytest.raises(StepUpRequired, match="signed in 301 s ago") as caught:
            who.require_recent_sign_in(300, now=500 + age_s)
        assert 'max_age="300"' in caught.value.challenge()


def test_a_token_that_does_not_say_when_is_not_recent():
    with pytest.raises(StepUpRequired):
        Principal(subject="alice").require_recent_sign_in(300)


def test_one_of_several_classes_of_sign_in_is_enough(who):
    who.require_acr("gold", "silver")
    with pytest.raises(StepUpRequired) as caught:
        who.require_acr("gold", "platinum")
    assert 'acr_values="gold platinum"' in caught.value.challenge()


def test_the_text_of_a_principal_leaves_the_claims_out(who):
    assert "acme" not in repr(who)


def test_principals_can_be_kept_in_sets(who):
    assert len({who, Principal.from_claims(CLAIMS)}) == 1


def test_principals_can_be_sent_to_another_process(who):
    copy = pickle.loads(pickle.dumps(who))

    assert copy == who
    assert copy.claims == who.claims
