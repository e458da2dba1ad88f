"""The list of passwords that is shipped."""

import pytest

from admit_server.domain.errors import NotAllowed
from admit_server.domain.password_rules import PasswordRules
from admit_server.domain.user import PASSWORD_MIN_ALONE, PASSWORD_MIN_WITH_SECOND
from admit_server.machine.common_passwords import TOP, common_passwords
from admit_server.settings import load_settings

RULES = PasswordRules(common=common_passwords)


def test_it_has_more_than_ten_thousand_that_the_rules_of_length_would_take():
    common = common_passwords()
    assert len(common.top) == TOP
    assert common.top < common.all
    assert sum(len(word) >= PASSWORD_MIN_WITH_SECOND for word in common.all) > 17_000


def test_with_two_in_a_row_it_has_more_than_three_thousand_of_the_length_that_stands_alone():
    """OWASP ASVS 5.0, 6.2.4: "at least, the top 3000 passwords which match the application's password policy"."""
    twice = {one + other for one in common_passwords().top for other in common_passwords().top}
    refused = sorted(text for text in twice if len(text) >= PASSWORD_MIN_ALONE)
    assert len(refused) > 3000
    for text in refused[:: len(refused) // 50]:
        with pytest.raises(NotAllowed):
            RULES.check(text, username="x")


@pytest.mark.parametrize("password", ["password", "Football", "iloveyou1", "trustno1", "1qaz2wsx", "sunshine!!"])
def test_what_everybody_tries_first_is_in_it(password):
    with pytest.raises(NotAllowed, match="first that everybody tries"):
        RULES.check(password, username="x", has_second_factor=True)


@pytest.mark.parametrize(
    "password", ["walnut-river-lantern", "a good pass phrase", "stamped-ticket-2026", "a few words in a row"]
)
def test_a_few_words_of_ones_own_are_taken(password):
    assert RULES.check(password, username="alice") == password


def test_the_settings_name_the_words_of_the_service(tmp_path, monkeypatch):
    monkeypatch.setenv("ADMIT_SIGN_IN__CONTEXT_WORDS", '["Rocketeers"]')
    rules = load_settings(data=tmp_path, issuer="https://id.moonbase.example").password_rules

    assert rules.context == {"admit", "moonbase", "example", "rocketeers"}
    with pytest.raises(NotAllowed, match="belongs to you or to this service"):
        rules.check("Rocketeers-Moonbase-1", username="x")
