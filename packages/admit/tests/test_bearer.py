import pytest

from admit import InvalidRequest, MalformedToken, MissingToken
from admit.bearer import token_of


@pytest.mark.parametrize("header", ["Bearer abc.def-_~+/==", "bearer abc.def-_~+/==", "BEARER   abc.def-_~+/== "])
def test_the_token_is_taken_whatever_the_case_of_the_scheme(header):
    assert token_of([header]) == "abc.def-_~+/=="


@pytest.mark.parametrize(
    "headers", [[], ["Basic YTpi"], ["Bearer"], ["Bearer "], [""], ["abc"], ["DPoP abc"], ["Bearerabc"]]
)
def test_a_request_without_bearer_token_is_missing_one(headers):
    with pytest.raises(MissingToken):
        token_of(headers)


def test_two_headers_are_refused_even_if_they_agree():
    """Which one counts must not depend on who reads."""
    with pytest.raises(InvalidRequest):
        token_of(["Bearer a", "Bearer a"])


@pytest.mark.parametrize("token", ["a b", "a,b", 'a"b', "a\tb", "é", "a=b", "a, Bearer b"])
def test_characters_that_no_token_has_are_refused(token):
    with pytest.raises(MalformedToken):
        token_of([f"Bearer {token}"])
