import pytest

from admit_server.domain.confirmation import NOTHING, Confirmation, check_thumbprint
from admit_server.domain.errors import InvalidRequest

A, B = "a" * 43, "b" * 43


def test_a_claim_is_written_and_read():
    for cnf in (NOTHING, Confirmation(A), Confirmation(x5t=B), Confirmation(A, B)):
        assert Confirmation.from_claim(cnf.as_claim()) == cnf
    assert Confirmation(A, B).as_claim() == {"jkt": A, "x5t#S256": B}
    assert Confirmation.from_claim(None) == NOTHING


@pytest.mark.parametrize(
    ("proved", "bound", "covers"),
    [
        (NOTHING, NOTHING, True),
        (Confirmation(A, B), NOTHING, True),
        (Confirmation(A), Confirmation(A), True),
        (Confirmation(A, B), Confirmation(x5t=B), True),
        (NOTHING, Confirmation(A), False),
        (Confirmation(B), Confirmation(A), False),
        (Confirmation(A), Confirmation(A, B), False),
        (Confirmation(x5t=A), Confirmation(A), False),
    ],
)
def test_what_is_bound_needs_all_that_it_is_bound_to(proved, bound, covers):
    assert proved.covers(bound) is covers


def test_a_thumbprint_is_43_characters():
    assert check_thumbprint(A, name="dpop_jkt") == A
    assert check_thumbprint(None, name="dpop_jkt") == ""
    for text in ("", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 43 + "\n"):
        with pytest.raises(InvalidRequest, match="dpop_jkt"):
            check_thumbprint(text, name="dpop_jkt")
