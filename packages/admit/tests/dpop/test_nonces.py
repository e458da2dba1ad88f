import pytest

from admit.dpop import Nonces

NOW = 1_800_000_000
NONCES = Nonces.from_secret(b"a secret of this test: 32 bytes!")


@pytest.mark.parametrize(("age_s", "left_s"), [(0, 120), (119, 1), (120, None), (5000, None)])
def test_a_nonce_is_good_for_two_minutes(age_s, left_s):
    assert NONCES.left_s(NONCES.new(NOW - age_s), NOW) == left_s


def test_every_process_with_the_secret_knows_it_and_nobody_else_does():
    nonce = NONCES.new(NOW)

    assert Nonces.from_secret(b"a secret of this test: 32 bytes!").left_s(nonce, NOW) == 120
    assert Nonces.from_secret(b"another secret of 32 bytes here!").left_s(nonce, NOW) is None


@pytest.mark.parametrize("place", range(28))
def test_no_changed_nonce_is_good(place):
    nonce = NONCES.new(NOW)
    for char in "AZ09-_":
        changed = nonce[:place] + char + nonce[place + 1 :]
        assert changed == nonce or NONCES.left_s(changed, NOW) is None


@pytest.mark.parametrize("text", ["", "x", "x" * 28, "é" * 28, "x" * 10_000])
def test_what_is_none_is_not_good(text):
    assert NONCES.left_s(text, NOW) is None


def test_a_short_secret_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        Nonces.from_secret(b"short")
