"""The limits that a holder asks for."""

import pytest

from admit_server.domain.errors import InvalidRequest
from admit_server.domain.narrowing import LONGEST_ENTRY, MOST_ENTRIES, wanted_limits
from admit_server.domain.token_policy import TokenPolicy


def test_fields_of_a_policy_are_read_by_name_and_a_list_is_one_group():
    assert wanted_limits({"lifetime_s": 60, "actions": ["GET /a", "GET /b"]}) == TokenPolicy(
        lifetime_s=60, actions=frozenset({frozenset({"GET /a", "GET /b"})})
    )
    assert wanted_limits({}) == TokenPolicy()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"end_with_session": False}, "end_with_session"),
        ({"format": "jwt"}, "format"),
        ({"lifetime_s": 29}, "lifetime_s must be 30..86400"),
        ({"lifetime_s": 60.0}, "lifetime_s is a number"),
        ({"max_uses": True}, "max_uses is a number"),
        ({"max_uses": None}, "max_uses is a number"),
        ({"max_uses": 0}, "max_uses must be"),
        ({"actions": "GET /a"}, "list of 1 to 64 texts"),
        ({"actions": [["GET /a"]]}, "list of 1 to 64 texts"),
        ({"hours": []}, "list of 1 to 64 texts"),
        ({"networks": ["10.0.0.0/8"] * (MOST_ENTRIES + 1)}, "list of 1 to 64 texts"),
        ({"actions": ["x" * (LONGEST_ENTRY + 1)]}, "list of 1 to 64 texts"),
    ],
)
def test_anything_else_is_refused_with_its_name(values, said):
    with pytest.raises(InvalidRequest, match=said):
        wanted_limits(values)
