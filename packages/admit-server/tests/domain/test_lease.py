"""When a lease is alive, and when renewing it changes too little to be written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.lease import Lease

NOW = 1_800_000_000


def lease(*, length_s=60, left_s=60, **more):
    return Lease(
        id="lse_1",
        digest=b"x" * 32,
        client_id="cli_1",
        session_id=None,
        length_s=length_s,
        created_at=NOW,
        ends_at=NOW + left_s,
        **more,
    )


@pytest.mark.parametrize(
    ("left_s", "ended_at", "alive"), [(1, None, True), (0, None, False), (-1, None, False), (60, NOW, False)]
)
def test_a_lease_is_dead_at_its_last_second_and_once_its_end_is_noted(left_s, ended_at, alive):
    assert lease(left_s=left_s, ended_at=ended_at).is_alive(NOW) is alive


@pytest.mark.parametrize(
    ("length_s", "left_s", "left_out"),
    [(60, 60, True), (60, 54, True), (60, 53, False), (15, 15, True), (15, 14, True), (15, 13, False)],
)
def test_a_renewal_is_left_out_within_a_tenth_of_the_length(length_s, left_s, left_out):
    assert lease(length_s=length_s, left_s=left_s).needs_no_write(NOW, holder=None) is left_out


def test_another_holder_is_always_written():
    assert not lease(holder="one").needs_no_write(NOW, holder="two")
    assert lease(holder="one").needs_no_write(NOW, holder="one")


@given(st.integers(15, 86_400), st.integers(-100, 86_400))
def test_what_is_left_out_costs_a_lease_at_most_a_tenth(length_s, left_s):
    if lease(length_s=length_s, left_s=left_s).needs_no_write(NOW, holder=None):
        assert left_s >= 0.9 * length_s


def test_the_digest_is_in_no_representation():
    assert "xxx" not in repr(lease())
