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


@pytest.mark.parametrize("header", ["eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "adm_at_secret"])
def test_a_token_without_its_scheme_is_told_so_and_not_repeated(header):
    with pytest.raises(MissingToken, match="write Bearer and a space before it") as caught:
        credentials_of([header])

    assert header[:12] not in caught.value.explain()


def test_what_is_missing_is_explained_as_a_check():
    with pytest.raises(MissingToken) as caught:
        credentials_of([])

    assert caught.value.explain().splitlines() == [
        "refused: missing_token: the request has no Authorization header",
        "  FAILED  credentials: expected one Authorization header with the scheme Bearer or DPoP, and a token; "
        "found the request has no Authorization header",
    ]
