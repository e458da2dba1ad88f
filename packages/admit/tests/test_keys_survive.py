"""What key sources survive, each against a real server that misbehaves in that way."""

import asyncio
import gzip
import json
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from admit import RemoteKeys, UnknownKey, Verifier, VerifierUnavailable
from admit.jose import Jwk, Jwks, generate_key
from admit.jose import UnknownKey as JoseUnknownKey

JWKS = "/jwks"


@pytest.fixture
def ticks(clock):
    """Elapsed time, moved by hand."""
    clock.now = 1000.0
    return clock


@pytest.fixture
def keys(server, ticks):
    source = RemoteKeys(server.url, elapsed=ticks, timeout_s=0.5)
    yield source
    source.close()


def found(keys, kid="k1"):
    """Find a key, waiting as a verifier does."""
    for _ in range(6):
        outcome = keys.find(kid=kid, alg="ES256")
        if isinstance(outcome, Jwk):
            return outcome
        outcome.result(timeout=5)
    raise AssertionError("asked to wait again and again")


def verifier_of(server, **options):
    return Verifier(issuer=server.url, audience="https://api.example", revocations=None, **options)


def stranger(server, number):
    return server.token(key=generate_key("ES256", kid=f"nobody-{number}"))


def test_a_flood_of_unknown_keys_from_many_threads_makes_one_fetch_in_the_cooldown(server, keys, ticks):
    found(keys)
    ticks.now += 30

    def ask(number):
        with pytest.raises(JoseUnknownKey):
            found(keys, f"made-up-{number}")

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(ask, range(500)))

    assert server.requests[JWKS] == 2


def test_a_flood_of_unknown_keys_on_an_event_loop_makes_one_fetch_and_good_tokens_pass(server):
    verifier = verifier_of(server)
    bad = [stranger(server, number) for number in range(20)]
    good = server.token()

    async def flood():
        return await asyncio.gather(
            *(verifier.verify_async(token) for token in [*bad * 10, *[good] * 50]), return_exceptions=True
        )

    outcomes = asyncio.run(flood())

    assert [type(outcome) for outcome in outcomes[:200]] == [UnknownKey] * 200
    assert [who.subject for who in outcomes[200:]] == ["alice"] * 50
    assert server.requests[JWKS] == 1


def test_a_key_that_is_new_while_a_flood_goes_on_is_found_at_the_end_of_the_cooldown(server, keys, ticks):
    found(keys)
    server.keys.append(generate_key("ES256", kid="k2"))
    for _ in range(10):
        ticks.now += 3
        for number in range(5):
            with pytest.raises(JoseUnknownKey):
                found(keys, f"made-up-{number}")

    assert found(keys, "k2").kid == "k2"
    assert server.requests[JWKS] == 2


def test_a_rotation_refuses_no_token_of_the_new_key_and_none_of_the_old_while_it_is_published(server, keys, ticks):
    old = server.keys[0]
    found(keys)
    for generation in range(2, 6):
        new = generate_key("ES256", kid=f"k{generation}")
        server.keys[:] = [old, new]  # published before use
        ticks.now += 301
        found(keys, old.kid)
        if (flight := keys._flight.current) is not None:
            flight.result(timeout=5)

        assert found(keys, new.kid).kid == new.kid
        assert found(keys, old.kid).kid == old.kid
        old = new

    with pytest.raises(JoseUnknownKey):
        found(keys, "k1")


def drip(h):
    h.send_response(200)
    h.send_header("Content-Length", "100000")
    h.end_headers()
    try:
        for _ in range(200):
            h.wfile.write(b" ")
            h.wfile.flush()
            time.sleep(0.02)
    except OSError:
        pass


def endless_headers(h):
    try:
        h.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(10_000):
            h.wfile.write(b"X-%d: x\r\n" % number)
    except OSError:
        pass


def endless_header(h):
    try:
        h.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(100):
            h.wfile.write(b"x" * 10_000)
    except OSError:
        pass


def continues_for_ever(h):
    try:
        while True:
            h.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    except OSError:
        pass


def huge(h):
    h.send_response(200)
    h.send_header("Content-Length", str(10**12))
    h.end_headers()
    try:
        while True:
            h.wfile.write(b" " * 100_000)
    except OSError:
        pass


def bomb(h):
    packed = gzip.compress(b" " * 10_000_000)
    h.answer(200, packed, Content_Encoding="gzip")


def garbage(h):
    h.wfile.write(os.urandom(1000))
    h.close_connection = True


def nothing(h):
    h.close_connection = True


def round_and_round(h):
    h.answer(302, b"", Location=f"{JWKS}?{time.monotonic()}")


def elsewhere(h):
    h.answer(302, b"", Location="http://127.0.0.1:9/jwks")


def not_encrypted(h):
    h.answer(302, b"", Location="http://keys.example/jwks")


def deep(h):
    h.answer(200, b'{"keys": ' + b"[" * 100_000)


def too_many(h):
    h.answer_json({"keys": [{"kty": "RSA"}] * 201})


def a_page(h):
    h.answer(200, b"<html><body>Please sign in</body></html>", "text/html")


LIES = [
    drip,
    endless_headers,
    endless_header,
    continues_for_ever,
    huge,
    bomb,
    garbage,
    nothing,
    round_and_round,
    elsewhere,
    not_encrypted,
    deep,
    too_many,
    a_page,
]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_server_that_lies_is_an_outage_and_the_known_keys_go_on(server, keys, ticks, lie):
    good = server.routes[JWKS]
    server.routes[JWKS] = lie
    began = time.monotonic()
    with pytest.raises(VerifierUnavailable):
        found(keys)
    assert time.monotonic() - began < 2

    server.routes[JWKS] = good
    ticks.now += 6
    assert found(keys).kid == "k1"

    server.routes[JWKS] = lie
    ticks.now += 3600
    assert found(keys).kid == "k1"
    with pytest.raises(VerifierUnavailable):
        found(keys, "k2")


def test_an_empty_set_verifies_nothing_and_makes_no_client_throw_its_token_away(server, keys, ticks):
    """Keys that are gone are gone; but while the issuer publishes none, it cannot be told whether a token is good."""
    found(keys)
    [first] = server.keys
    server.keys.clear()
    ticks.now += 3600

    with pytest.raises(VerifierUnavailable, match="no usable key"):
        found(keys)

    server.keys.append(first)
    ticks.now += 31
    assert found(keys).kid == "k1"


def test_keys_that_come_and_go_are_good_while_they_are_published(server, keys, ticks):
    one, other = server.keys[0], generate_key("ES256", kid="k2")
    found(keys)
    for number in range(6):
        here, gone = (one, other) if number % 2 else (other, one)
        server.keys[:] = [here]
        ticks.now += 700

        assert found(keys, here.kid).kid == here.kid
        with pytest.raises(JoseUnknownKey):
            found(keys, gone.kid)


def test_two_different_keys_of_one_name_are_never_guessed_between(server, keys):
    server.keys.append(generate_key("ES256", kid="k1"))

    with pytest.raises((VerifierUnavailable, JoseUnknownKey)):
        found(keys)


def test_a_failing_name_and_a_name_that_is_never_resolved_end_in_time(monkeypatch, ticks):
    nowhere = RemoteKeys("https://id.invalid", timeout_s=0.3)  # RFC 6761 section 6.4: never exists
    began = time.monotonic()
    with pytest.raises(VerifierUnavailable, match=r"id\.invalid"):
        found(nowhere)
    assert time.monotonic() - began < 8

    # A resolver that cannot reach its name servers takes half a minute. No test can have such a one, so it is put in.
    release, resolve = threading.Event(), socket.getaddrinfo

    def slow_resolver(host, port, **options):
        if not options.get("flags"):
            release.wait(20)
        return resolve(host, port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow_resolver)
    slow = RemoteKeys("https://id.example", jwks_uri="https://id.example/jwks", timeout_s=0.3, elapsed=ticks)
    began = time.monotonic()
    with pytest.raises(VerifierUnavailable, match="too long"):
        found(slow)
    assert time.monotonic() - began < 2
    ticks.now += 6
    began = time.monotonic()
    slow.find(kid="k1", alg="ES256")
    slow.close()
    assert time.monotonic() - began < 1
    release.set()


def test_a_loop_that_closes_while_a_fetch_is_under_way_harms_nobody(server, caplog):
    """As in a test suite with an event loop per test."""
    release = threading.Event()
    good = server.routes[JWKS]
    server.routes[JWKS] = lambda h: (release.wait(5), good(h))
    verifier = verifier_of(server)
    token = server.token()

    async def give_up():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(verifier.verify_async(token), 0.05)

    async def walk_away():
        left = asyncio.create_task(verifier.verify_async(token))
        await asyncio.sleep(0.02)
        assert not left.done()

    for scenario in (give_up, walk_away, give_up, walk_away):
        asyncio.run(scenario())
    release.set()

    for _ in range(3):
        assert asyncio.run(verifier.verify_async(token)).subject == "alice"
    assert server.requests[JWKS] == 1
    assert caplog.records == []


def test_a_child_that_was_forked_in_the_middle_of_a_fetch_fetches_by_itself_and_spoils_nothing(server):
    release = threading.Event()
    good = server.routes[JWKS]
    server.routes[JWKS] = lambda h: (release.wait(5), good(h))
    verifier = verifier_of(server)
    token = server.token()
    waiting = verifier._keys.find(kid="k1", alg="ES256")

    child = os.fork()
    if child == 0:
        code = 1
        try:
            verifier.close()  # must not end the parent's fetch
            release_in_parent = verifier._keys.find(kid="k1", alg="ES256")
            code = 0 if release_in_parent is not waiting else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    release.set()
    waiting.result(timeout=5)
    assert verifier.verify(token).subject == "alice"
    assert server.requests[JWKS] <= 2


def test_closing_ends_a_fetch_that_hangs_and_a_later_token_starts_another(server):
    gate = threading.Event()
    good = server.routes[JWKS]
    server.routes[JWKS] = lambda h: gate.wait(10)
    verifier = verifier_of(server, wait_s=0.1)
    with pytest.raises(VerifierUnavailable, match="in time"):
        verifier.verify(server.token())

    began = time.monotonic()
    verifier.close()
    assert time.monotonic() - began < 0.5
    assert not [thread for thread in threading.enumerate() if thread.name == "admit-keys"]

    server.routes[JWKS] = good
    gate.set()
    verifier = verifier_of(server, keys=verifier._keys)
    assert verifier.verify(server.token()).subject == "alice"


def test_known_keys_are_used_without_asking_while_a_refresh_hangs(server, keys, ticks):
    found(keys)
    gate = threading.Event()
    server.routes[JWKS] = lambda h: gate.wait(5)
    ticks.now += 301
    began = time.monotonic()

    for _ in range(100):
        assert isinstance(keys.find(kid="k1", alg="ES256"), Jwk)

    assert time.monotonic() - began < 0.5
    gate.set()


def test_while_an_issuer_hangs_only_the_first_tokens_wait_for_it(server, keys, ticks):
    found(keys)
    gate = threading.Event()
    good = server.routes[JWKS]
    server.routes[JWKS] = lambda h: gate.wait(2)
    ticks.now += 3600
    assert not isinstance(keys.find(kid="k1", alg="ES256"), Jwk)
    assert found(keys).kid == "k1"

    for _ in range(3):
        ticks.now += 31
        assert isinstance(keys.find(kid="k1", alg="ES256"), Jwk)
        keys._flight.start().result(timeout=5)

    # After the next long silence one waits again: the issuer may be back, and the key withdrawn.
    server.routes[JWKS] = good
    server.keys[:] = [generate_key("ES256", kid="k2")]
    gate.set()
    ticks.now += 3600
    with pytest.raises(JoseUnknownKey):
        found(keys)


def test_what_is_published_twice_is_one_key(server, keys):
    document = Jwks(server.keys).public_dict()
    document["keys"] *= 2
    server.routes[JWKS] = lambda h: h.answer(200, json.dumps(document).encode())

    assert found(keys).kid == "k1"
