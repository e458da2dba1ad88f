"""What a personal token may be."""

import pytest

from admit_server.domain.errors import NotAllowed
from admit_server.domain.personal_token import PersonalToken, check_lifetime, check_name, check_policy
from admit_server.domain.token_policy import DAY_S, SERVER_DEFAULT, TokenPolicy

NOW = 1_800_000_000


def token(**changes):
    given = {
        "id": "tok_1", "grant_id": "grt_1", "user_id": "usr_1", "name": "backup", "hint": "abcd", "audience": "a",
        "scopes": frozenset(), "created_at": NOW, "expires_at": NOW + 90 * DAY_S,
    }  # fmt: skip
    return PersonalToken(**given | changes)


def test_it_lives_until_its_end_or_until_it_is_ended():
    assert token().is_alive(NOW)
    assert token().is_alive(NOW + 90 * DAY_S - 1)
    assert not token().is_alive(NOW + 90 * DAY_S)
    assert not token(ended_at=NOW).is_alive(NOW)


def test_its_person_is_reminded_in_its_last_week_while_it_lives():
    assert not token().ends_soon(NOW + 83 * DAY_S - 1)
    assert token().ends_soon(NOW + 83 * DAY_S)
    assert not token().ends_soon(NOW + 90 * DAY_S)
    assert not token(ended_at=NOW).ends_soon(NOW + 84 * DAY_S)


def test_a_name_is_one_printable_line():
    assert check_name("  nightly ") == "nightly"
    for wrong in ("", "   ", "x" * 61, "a\tb", "a\u202eb"):
        with pytest.raises(NotAllowed):
            check_name(wrong)


def test_a_lifetime_is_within_what_the_server_allows():
    assert check_lifetime(60, longest_s=DAY_S) == 60
    assert check_lifetime(DAY_S, longest_s=DAY_S) == DAY_S
    for wrong in (0, 59, -1, DAY_S + 1):
        with pytest.raises(NotAllowed):
            check_lifetime(wrong, longest_s=DAY_S)


@pytest.mark.parametrize(
    "limits", [{"lease_s": 60}, {"binding": frozenset({"dpop"})}, {"acr": "urn:admit:acr:1fa"}, {"max_auth_age_s": 0}]
)
def test_limits_that_it_could_not_keep_forbid_it(limits):
    check_policy(SERVER_DEFAULT)
    with pytest.raises(NotAllowed):
        check_policy(SERVER_DEFAULT & TokenPolicy(**limits))
