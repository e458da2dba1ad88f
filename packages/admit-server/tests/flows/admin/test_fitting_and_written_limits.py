"""What somebody wrote is read strictly, and a policy is written as it is read."""

import msgspec
import pytest

from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin.fitting import DoesNotFit, fit
from admit_server.flows.admin.written_limits import Limits, written


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    size: int


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    parts: dict[str, Inner] = {}


@pytest.mark.parametrize(
    ("value", "field", "words"),
    [
        ({"nam": "x"}, "nam", "Did you mean 'name'"),
        ({}, "name", "missing"),
        ({"name": 7}, "name", "str"),
        ({"name": "x", "parts": {"a": {"siz": 1}}}, "parts[...].siz", "Did you mean 'size'"),
        ({"name": "x", "zzz": 1}, "zzz", "There are: name, parts, size"),
    ],
)
def test_what_does_not_fit_is_named(value, field, words):
    with pytest.raises(DoesNotFit, match=words.replace("?", "")) as refused:
        fit(value, Outer, what="file")
    assert refused.value.field == field


def test_numbers_may_be_written_as_text_where_that_is_said():
    assert fit({"size": "7"}, Inner, what="query", from_text=True) == Inner(7)
    with pytest.raises(DoesNotFit):
        fit({"size": "7"}, Inner, what="body")


@pytest.mark.parametrize(
    "policy",
    [
        TokenPolicy(),
        TokenPolicy(lifetime_s=60, end_with_session=True, refresh_reuse_window_s=0),
        TokenPolicy(
            networks=frozenset({frozenset({"192.0.2.0/24", "198.51.100.0/24"}), frozenset({"192.0.2.1/32"})}),
            binding=frozenset({"dpop"}),
            format="opaque",
        ),
    ],
)
def test_a_policy_is_read_as_it_was_written(policy):
    assert written(policy).as_policy() == policy


def test_bounds_are_those_of_the_policy():
    for field in msgspec.structs.fields(Limits):
        assert hasattr(TokenPolicy(), field.name)
    with pytest.raises(DoesNotFit):
        fit({"lifetime_s": 29}, Limits, what="body")
