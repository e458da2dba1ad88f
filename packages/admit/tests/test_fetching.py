import time

import pytest

from admit.fetching import Unreachable, fetch


def test_an_answer_is_returned_whatever_its_status(server):
    assert fetch(f"{server.url}/nothing-here").status == 404
    assert fetch(f"{server.url}/jwks").media_type == "application/json"


def test_a_redirect_within_the_host_is_followed(server):
    server.routes["/old"] = lambda h: h.answer(302, b"", Location="/jwks")

    assert b"keys" in fetch(f"{server.url}/old").body


def test_a_redirect_to_another_host_is_never_followed(server, another_server):
    """The other port on loopback is another origin; a real attacker would point into the private network."""
    server.routes["/jwks"] = lambda h: h.answer(302, b"", Location=f"{another_server.url}/jwks")

    with pytest.raises(Unreachable, match="another host"):
        fetch(f"{server.url}/jwks")
    assert another_server.requests == {}


@pytest.mark.parametrize(
    "location", ["", "http://evil.example/", "file:///etc/passwd", "//evil.example", "http://[", "\x7f"]
)
def test_a_redirect_to_nowhere_sensible_is_refused(server, location):
    server.routes["/odd"] = lambda h: h.answer(302, b"", Location=location)

    with pytest.raises(Unreachable):
        fetch(f"{server.url}/odd")


def test_redirects_end(server):
    server.routes["/round"] = lambda h: h.answer(302, b"", Location="/round")

    with pytest.raises(Unreachable, match="redirects"):
        fetch(f"{server.url}/round")
    assert server.requests["/round"] == 4


@pytest.mark.parametrize("declared", [True, False])
def test_an_answer_that_is_too_large_is_dropped(server, declared):
    def large(h):
        if declared:
            h.answer(200, b"x" * 2000)
        else:
            h.begin_stream()
            h.chunk(b"x" * 2000)
            h.close_connection = True

    server.routes["/large"] = large

    with pytest.raises(Unreachable, match="more than 1000 bytes"):
        fetch(f"{server.url}/large", max_bytes=1000)


def test_an_answer_that_drips_is_given_up_at_the_deadline(server):
    """Each byte comes in time for a timeout per read; the deadline is for the whole."""

    def drip(h):
        h.begin_stream()
        try:
            for _ in range(100):
                h.chunk(b"x")
                time.sleep(0.05)
        except OSError:
            pass

    server.routes["/drip"] = drip
    began = time.monotonic()

    with pytest.raises(Unreachable, match="too long"):
        fetch(f"{server.url}/drip", timeout_s=0.3)
    assert time.monotonic() - began < 1.5


def test_headers_that_drip_are_given_up_too(server):
    def drip(h):
        try:
            h.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for number in range(100):
                h.wfile.write(f"X-{number}: x\r\n".encode())
                time.sleep(0.05)
        except OSError:
            pass

    server.routes["/drip"] = drip
    began = time.monotonic()

    with pytest.raises(Unreachable):
        fetch(f"{server.url}/drip", timeout_s=0.3)
    assert time.monotonic() - began < 1.5


def test_an_answer_that_breaks_off_is_no_answer(server):
    def short(h):
        h.send_response(200)
        h.send_header("Content-Length", "100")
        h.end_headers()
        h.wfile.write(b"half")
        h.close_connection = True

    server.routes["/short"] = short

    with pytest.raises(Unreachable, match="breaks off"):
        fetch(f"{server.url}/short")


def test_nobody_there_is_unreachable(server):
    server.stop()

    with pytest.raises(Unreachable):
        fetch(f"{server.url}/jwks")


@pytest.mark.parametrize(
    "url", ["http://example.com/", "ftp://127.0.0.1/", "file:///etc/passwd", "https://", "https://a b/"]
)
def test_only_https_or_loopback_is_fetched(url):
    with pytest.raises(ValueError):
        fetch(url)
