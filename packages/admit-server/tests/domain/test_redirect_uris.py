"""Redirect URIs: what may be registered, and that nothing else is ever matched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.errors import NotAllowed, RedirectUriMismatch
from admit_server.domain.redirect_uris import (
    check_redirect_uri,
    is_loopback,
    is_page,
    match_redirect_uri,
    only_redirect_uri,
    origin_of,
)

HTTPS = "https://app.example/cb"


@pytest.mark.parametrize(
    "uri",
    [
        HTTPS,
        "https://app.example",
        "https://app.example:8443/cb?tenant=7",
        "https://xn--bcher-kva.example/cb",
        "http://127.0.0.1/cb",
        "http://127.0.0.1:8101/",
        "http://[::1]:9000/cb",
        "http://localhost:3000/cb",
        "com.example.app:/cb",
        "com.example.app://cb",
    ],
)
def test_a_proper_redirect_uri_may_be_registered(uri):
    assert check_redirect_uri(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/cb",
        "//app.example/cb",
        "app.example/cb",
        "http://app.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://localhost.evil.example/cb",
        "http://127.0.0.2/cb",
        "http://0.0.0.0/cb",
        "https://app.example/cb#part",
        "https://app.example/cb#",
        "https://user@app.example/cb",
        "https://user:word@app.example/cb",
        "https://app.example@evil.example/cb",
        "https://*.example/cb",
        "https://app.example/*",
        "https:///cb",
        "https:cb",
        "https://",
        "https://app.example:99999/cb",
        "https://app.example:port/cb",
        "https://[::1/cb",
        "https://app.example/c b",
        "https://app.example/cb\n",
        "https://app.example/cb\x00",
        "https://app.example\\@evil.example/cb",
        "https://bücher.example/cb",
        'https://app.example/"cb',
        "https://app.example/<cb>",
        "https://app.example/" + "a" * 2000,
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://app.example/cb",
        "myapp:/cb",
        "myapp://cb",
        "-com.example:/cb",
    ],
)
def test_anything_else_is_refused_at_registration(uri):
    with pytest.raises(NotAllowed):
        check_redirect_uri(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example;script-src/cb",
        "https://app.example;x",
        "https://app.example,evil.example/cb",
        "https://'self'/cb",
        "https://app%2eexample/cb",
        "https://app.example:443;x/cb",
        "https://app$.example/",
    ],
)
def test_a_host_that_could_say_something_in_a_content_security_policy_is_refused(uri):
    """The origin of a redirect URI is written into `form-action`."""
    with pytest.raises(NotAllowed):
        check_redirect_uri(uri)


@pytest.mark.parametrize(
    "requested",
    [
        "https://app.example/cb/",
        "https://app.example/CB",
        "https://APP.example/cb",
        "HTTPS://app.example/cb",
        "https://app.example:443/cb",
        "https://app.example/cb?",
        "https://app.example/cb?x=1",
        "https://app.example/cb#",
        "https://app.example/cb#x",
        "https://app.example/./cb",
        "https://app.example/x/../cb",
        "https://app.example/%63b",
        "https://app.example//cb",
        "https://app.example/cb;x",
        "https://user@app.example/cb",
        "https://app.example@evil.example/cb",
        "https://app.example.evil.example/cb",
        "https://evil.example/https://app.example/cb",
        "https://app.example\\.evil.example/cb",
        "http://app.example/cb",
        " https://app.example/cb",
        "https://app.example/cb ",
        "https://app.example/cb\n",
        "https://app.example/cb%00",
        "//app.example/cb",
        "",
    ],
)
def test_https_matches_only_character_by_character(requested):
    assert match_redirect_uri(HTTPS, registered=(HTTPS,)) == HTTPS
    with pytest.raises(RedirectUriMismatch):
        match_redirect_uri(requested, registered=(HTTPS,))


@given(st.text(max_size=60))
def test_no_other_text_ever_matches(requested):
    if requested != HTTPS:
        with pytest.raises(RedirectUriMismatch):
            match_redirect_uri(requested, registered=(HTTPS,))


def test_nothing_matches_a_client_without_redirect_uris():
    with pytest.raises(RedirectUriMismatch):
        match_redirect_uri("", registered=())


@pytest.mark.parametrize(
    ("requested", "registered"),
    [
        ("http://127.0.0.1:49152/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8080/cb"),
        ("http://127.0.0.1:1/cb?x=1", "http://127.0.0.1:2/cb?x=1"),
        ("http://[::1]:49152/cb", "http://[::1]/cb"),
        ("http://127.0.0.1:5", "http://127.0.0.1"),
    ],
)
def test_any_port_will_do_on_a_loopback_address(requested, registered):
    """RFC 8252 section 7.3."""
    assert match_redirect_uri(requested, registered=(registered,)) == requested


@pytest.mark.parametrize(
    ("requested", "registered"),
    [
        ("http://127.0.0.1:49152/other", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:49152/cb/", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:49152/cb#x", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:49152@evil.example/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:49152x/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1.evil.example:1/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:1\n/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:1/cb\n", "http://127.0.0.1/cb"),
        ("https://127.0.0.1:49152/cb", "http://127.0.0.1/cb"),
        ("http://[::1]:49152/cb", "http://127.0.0.1/cb"),
        ("http://localhost:49152/cb", "http://localhost:3000/cb"),
        ("http://127.0.0.1:49152/cb", "http://localhost/cb"),
        ("http://127.1:49152/cb", "http://127.0.0.1/cb"),
        ("https://app.example:444/cb", "https://app.example:443/cb"),
    ],
)
def test_only_the_port_is_free_and_only_on_loopback_addresses(requested, registered):
    with pytest.raises(RedirectUriMismatch):
        match_redirect_uri(requested, registered=(registered,))


def test_a_mismatch_is_never_redirected_and_keeps_the_uri_out_of_the_public_text():
    with pytest.raises(RedirectUriMismatch) as refusal:
        match_redirect_uri("https://evil.example/", registered=(HTTPS,))
    assert refusal.value.may_redirect is False
    assert "evil" not in refusal.value.public


def test_a_request_may_leave_out_the_only_uri_there_is():
    assert only_redirect_uri((HTTPS,)) == HTTPS
    for several in ((), (HTTPS, HTTPS + "2")):
        with pytest.raises(RedirectUriMismatch):
            only_redirect_uri(several)


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        (HTTPS, "https://app.example"),
        ("https://APP.example:8443/cb", "https://app.example:8443"),
        ("http://127.0.0.1:8101/", "http://127.0.0.1:8101"),
        ("http://[::1]:9/x", "http://[::1]:9"),
        ("com.example.app:/cb", None),
        ("com.example.app://cb", None),
    ],
)
def test_the_origin_is_what_a_browser_sends(uri, origin):
    assert origin_of(uri) == origin


@pytest.mark.parametrize(
    ("uri", "origin"),
    [("https://app.example:443/cb", "https://app.example"), ("http://localhost:80/", "http://localhost")],
)
def test_a_default_port_is_no_part_of_an_origin(uri, origin):
    """RFC 6454 section 6.2: browsers leave it out, so the comparison with an `Origin` header has to."""
    assert origin_of(uri) == origin


def test_loopback_is_told_by_the_host_alone():
    from urllib.parse import urlsplit

    assert all(is_loopback(urlsplit(f"http://{host}:1/")) for host in ("127.0.0.1", "[::1]", "localhost", "LOCALHOST"))
    assert not any(is_loopback(urlsplit(u)) for u in ("http://x.example/?localhost", "http://localhost@x.example/"))


@pytest.mark.parametrize(
    ("uri", "page"),
    [
        (HTTPS, True),
        ("http://localhost:5173/", True),
        ("http://127.0.0.1:8101/", True),
        ("http://127.0.0.1/cb", False),
        ("http://[::1]/cb", False),
        ("com.example.app:/cb", False),
    ],
)
def test_an_address_tells_whether_people_return_to_a_page(uri, page):
    assert is_page(uri) is page
