"""Browsers and places in words."""

import pytest

from admit_server.domain.devices import UNKNOWN, device_in_words, place_in_words

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


# The first seven are the examples of MDN's page on the User-Agent header, and of "User-Agent reduction" there.
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Mozilla/5.0 (Windows NT 6.1; Win64; x64; rv:47.0) Gecko/20100101 Firefox/47.0", "Firefox on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X x.y; rv:42.0) Gecko/20100101 Firefox/42.0", "Firefox on a Mac"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/51.0.2704.103 Safari/537.36", "Chrome on Linux"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/51.0.2704.106 Safari/537.36 OPR/38.0.2220.41", "Opera on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 10_3_1 like Mac OS X) AppleWebKit/603.1.30 (KHTML, like Gecko) Version/10.0 Mobile/14E304 "
         "Safari/602.1", "Safari on an iPhone"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/143.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Googlebot/2.1 (+http://www.google.com/bot.html)", "Googlebot"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0", "Edge on Windows"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/120.0.0.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (X11; Linux x86_64) Something/1", "a browser on Linux"),
        ("python-httpx/0.27", "python-httpx"),
        ("Mozilla/5.0", UNKNOWN),
        ("", UNKNOWN),
        ("<script>alert(1)</script>", UNKNOWN),
        ("A" * 256, "A" * 40),
    ],
)  # fmt: skip
def test_a_browser_is_told_in_words(text, words):
    assert device_in_words(text) == words


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ("192.0.2.1", "a private network (192.0.2.1)"),  # for documentation; Python counts it to the private ones
        ("93.184.216.34", "93.184.216.34"),
        ("10.1.2.3", "a private network (10.1.2.3)"),
        ("127.0.0.1", "the server's own machine"),
        ("::/64", "the server's own machine"),
        ("2a00:1450:4001:81b::/64", "2a00:1450:4001:81b::…"),
        ("", "a place that is not known"),
        ("unix socket", "unix socket"),
    ],
)
def test_a_place_is_told_in_words(network, words):
    assert place_in_words(network) == words
