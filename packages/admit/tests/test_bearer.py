import pytest

from admit import InvalidRequest, MalformedToken, MissingToken
from admit.bearer import credentials_of


@pytest.mark.parametrize("header", ["Bearer abc.def-_~+/==", "bearer abc.def-_~+/==", "BEARER   abc.def-_~+/== "])
def test_the_token_is_taken_whatever_the_case_of_the_scheme(header):
    assert credentials_of([header]) == ("Bearer", "abc.def-_~+/==")


@pytest.mark.parametrize(
    "headers", [[], ["Basic YTpi"], ["Bearer"], ["Bearer "], [""], ["abc"], ["DPoP"], ["Bearerabc"]]
)
def test_a_request_without_bearer_token_is_missing_one(headers):
    with pytest.raises(MissingToken):
        credentials_of(headers)


def test_two_headers_are_refused_even_if_they_agree():
    """Which one counts must not depend on who reads."""
    with pytest.raises(InvalidRequest):
        credentials_of(["Bearer a", "Bearer a"])


@pytest.mark.parametrize("token", ["a b", "a,b", 'a"b', "a\tb", "é", "a=b", "a, Bearer b"])
def test_characters_that_no_token_has_are_refused(token):
    with pytest.raises(MalformedToken):
        credentials_of([f"Bearer {token}"])
