import pytest

from admit.dpop import normalised


@pytest.mark.parametrize(
    ("url", "one"),
    [
        ("https://a.example", "https://a.example/"),
        ("HTTPS://A.Example:443/", "https://a.example/"),
        ("http://a.example:80/x", "http://a.example/x"),
        ("https://a.example:8443/x", "https://a.example:8443/x"),
        ("https://a.example/%7eb/%c3%a9", "https://a.example/~b/%C3%A9"),
        ("https://a.example/a/./b/../c", "https://a.example/a/c"),
        ("https://a.example/../../c", "https://a.example/c"),
        ("https://a.example/a/.", "https://a.example/a/"),
        ("https://a.example/a/b/..", "https://a.example/a/"),
        ("https://a.example/a//b", "https://a.example/a//b"),
        ("https://a.example/a?x=1#y", "https://a.example/a"),
        ("https://[2001:DB8::1]:443/", "https://[2001:db8::1]/"),
        ("https://a.example/%2F", "https://a.example/%2F"),
        ("https://a.example/%2e%2e/x", "https://a.example/x"),
    ],
)
def test_every_address_has_one_spelling(url, one):
    """RFC 3986 sections 6.2.2 and 6.2.3."""
    assert normalised(url) == one
    assert normalised(one) == one


@pytest.mark.parametrize(
    "url",
    [
        "", "/x", "ftp://a/x", "https:///x", "https://u@a/x", "https://u:p@a/x", "https://a/ x", "https://a/\nx", "https://ä/x",
        "https://a/%", "https://a/%4", "https://a/%zz", "https://a:99999/", "https://a\\@b/", "javascript:alert(1)",
        "https://a/" + "x" * 4096,
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError):
        normalised(url)
