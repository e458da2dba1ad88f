import pytest

from admit import Principal, StepUpRequired
from admit.acr import ACR_ORDER, reaches

ONE, TWO, HARDWARE = ACR_ORDER


@pytest.mark.parametrize(
    ("acr", "wanted", "enough"),
    [
        (ONE, ONE, True), (TWO, ONE, True), (HARDWARE, ONE, True), (ONE, TWO, False), (TWO, HARDWARE, False),
        ("gold", "gold", True), ("gold", ONE, False), (ONE, "gold", False), (None, ONE, False), ("", "gold", False),
    ],
)  # fmt: skip
def test_a_class_reaches_itself_and_what_is_weaker(acr, wanted, enough):
    assert reaches(acr, wanted) is enough


def test_a_stronger_sign_in_will_do():
    Principal(subject="a", acr=TWO).require_acr(ONE)
    with pytest.raises(StepUpRequired):
        Principal(subject="a", acr=ONE).require_acr(TWO, "gold")
