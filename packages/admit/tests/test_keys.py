"""Remote keys, against a real server."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from admit import (
    RemoteKeys,
    UnknownKey,
    Verifier,
    VerifierMisconfigured,
    VerifierUnavailable,
)
from admit.jose import Jwk, Jwks, generate_key
from admit.jose import UnknownKey as JoseUnknownKey
from admit.keys import FixedKeys


@pytest.fixture
def ticks(clock):
    """Elapsed time, moved by hand."""
    clock.now = 1000.0
    return clock


@pytest.fixture
def keys(server, ticks):
    return RemoteKeys(server.url, elapsed=ticks)


def found(keys, kid="k1"):
    """Find a key, waiting as a verifier does."""
    for _ in range(4):
        outcome = keys.find(kid=kid, alg="ES256")
        if isinstance(outcome, Jwk):
            return outcome
        outcome.result(timeout=5)
    raise AssertionError("asked to wait again and again")


def settled(keys):
    if (flight := keys._flight.current) is not None:
        flight.result(timeout=5)


def verifier_of(server, keys=None, **options):
    return Verifier(issuer=server.url, audience="https://api.example", keys=keys, revocations=None, **options)


def test_nothing_is_fetched_before_the_first_token(server):
    verifier_of(server)

    assert server.requests == {}


def test_a_token_is_verified_with_the_issuers_published_key(server):
    who = verifier_of(server).verify(server.token("alice"))

    assert who.subject == "alice"


def test_once_warm_nothing_is_fetched(server):
    verifier = verifier_of(server)

    for _ in range(20):
        verifier.verify(server.token())

    assert server.requests["/jwks"] == 1


def test_many_first_tokens_share_one_fetch(server):
    verifier = verifier_of(server)
    token = server.token()

    with ThreadPoolExecutor(16) as pool:
        assert len(list(pool.map(verifier.verify, [token] * 64))) == 64

    assert server.requests["/jwks"] == 1


def test_a_new_key_is_found_at_once_when_the_last_fetch_is_old_enough(server, keys, ticks):
    found(keys)
    server.keys.append(generate_key("ES256", kid="k2"))
    ticks.now += 30

    assert found(keys, "k2").kid == "k2"


def test_a_flood_of_unknown_keys_makes_one_fetch_in_the_cooldown(server, keys, ticks):
    found(keys)
    ticks.now += 30

    for number in range(200):
        with pytest.raises(JoseUnknownKey):
            found(keys, f"made-up-{number}")

    assert server.requests["/jwks"] == 2
    assert found(keys).kid == "k1"


def test_unknown_keys_are_401_for_the_caller(server):
    with pytest.raises(UnknownKey):
        verifier_of(server).verify(server.token(key=generate_key("ES256", kid="nobody")))


def test_keys_are_fetched_again_in_the_background_and_no_token_waits(server, keys, ticks):
    found(keys)
    server.keys[:] = [server.keys[0], generate_key("ES256", kid="k2")]
    ticks.now += 301

    assert isinstance(keys.find(kid="k1", alg="ES256"), Jwk)
    settled(keys)
    assert isinstance(keys.find(kid="k2", alg="ES256"), Jwk)


def test_after_a_long_silence_a_token_waits_for_fresh_keys(server, keys, ticks):
    """A key withdrawn in the meantime must not get through once more."""
    found(keys)
    server.keys[:] = [generate_key("ES256", kid="k2")]
    ticks.now += 3600

    with pytest.raises(JoseUnknownKey):
        found(keys, "k1")


@pytest.mark.parametrize(
    ("cache_control", "quiet_s", "due_s"),
    [("max-age=600", 599, 601), ("public, max-age=5", 59, 61), ("max-age=86400", 899, 901), ("no-store", 299, 301)],
)
def test_cache_control_moves_the_refresh_within_bounds(server, keys, ticks, cache_control, quiet_s, due_s):
    server.jwks_headers = {"Cache_Control": cache_control}
    found(keys)
    began = ticks.now

    for age_s, fetches in ((quiet_s, 1), (due_s, 2)):
        ticks.now = began + age_s
        keys.find(kid="k1", alg="ES256")
        settled(keys)
        assert server.requests["/jwks"] == fetches


def test_known_keys_go_on_through_an_outage_and_end_after_a_day(server, keys, ticks):
    found(keys)
    server.routes["/jwks"] = lambda h: h.answer(500, b"")

    for hours in (1, 12, 23.9):
        ticks.now = 1000 + hours * 3600
        assert found(keys).kid == "k1"

    ticks.now = 1000 + 24.1 * 3600
    with pytest.raises(VerifierUnavailable):
        found(keys)


def test_an_unknown_key_during_an_outage_is_503_and_not_401(server, keys, ticks):
    """It may be new and good. A client that gets 401 throws its token away."""
    found(keys)
    server.routes["/jwks"] = lambda h: h.answer(500, b"")
    ticks.now += 31

    with pytest.raises(VerifierUnavailable, match="unknown key"):
        found(keys, "k2")


def test_an_outage_is_not_answered_by_a_storm_of_fetches(server, keys, ticks):
    server.routes["/jwks"] = lambda h: h.answer(500, b"")

    for _ in range(50):
        with pytest.raises(VerifierUnavailable, match="answers 500"):
            found(keys)
    assert server.requests["/jwks"] == 1

    ticks.now += 5
    with pytest.raises(VerifierUnavailable):
        found(keys)
    assert server.requests["/jwks"] == 2


def test_no_server_at_all_is_503(server):
    token = server.token()
    server.stop()

    with pytest.raises(VerifierUnavailable) as caught:
        verifier_of(server).verify(token)

    assert caught.value.status == 503


def test_recovery_needs_nobodys_help(server, keys, ticks):
    good = server.routes["/jwks"]
    server.routes["/jwks"] = lambda h: h.answer(500, b"")
    with pytest.raises(VerifierUnavailable):
        found(keys)

    server.routes["/jwks"] = good
    ticks.now += 6

    assert found(keys).kid == "k1"


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"keys":[{"kty":"EC"' + b"," * 10, b"x" * 600_000])
def test_a_key_set_that_is_refused_counts_as_an_outage(server, keys, body):
    server.routes["/jwks"] = lambda h: h.answer(200, body)

    with pytest.raises(VerifierUnavailable):
        found(keys)


def test_a_refused_key_set_does_not_replace_a_good_one(server, keys, ticks):
    found(keys)
    server.routes["/jwks"] = lambda h: h.answer(200, b'{"keys": {}}')
    ticks.now += 3600

    assert found(keys).kid == "k1"


def test_a_secret_that_an_issuer_publishes_by_mistake_is_no_key(server):
    """Everybody can read it, so everybody could sign."""
    leaked = Jwk.from_secret(b"k" * 32, kid="s")
    entry = {"kty": "oct", "kid": "s", "alg": "HS256", "k": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s"}
    published = Jwks(server.keys).public_dict()["keys"]
    server.routes["/jwks"] = lambda h: h.answer_json({"keys": [*published, entry]})

    with pytest.raises(UnknownKey, match="refused"):
        verifier_of(server).verify(server.token(key=leaked))


def test_keys_on_another_host_are_refused(server, another_server):
    server.metadata["jwks_uri"] = another_server.url.replace("127.0.0.1", "localhost") + "/jwks"

    with pytest.raises(VerifierMisconfigured, match="jwks_uri"):
        verifier_of(server).verify(server.token())
    assert another_server.requests == {}


def test_the_address_of_the_keys_can_be_given(server, another_server):
    keys = RemoteKeys(server.url, jwks_uri=f"{another_server.url}/jwks")

    assert verifier_of(server, keys).verify(server.token(key=another_server.keys[0]))


def test_an_issuer_that_calls_itself_otherwise_is_a_mistake_in_the_set_up(server):
    server.metadata["issuer"] = server.url + "/"

    with pytest.raises(VerifierMisconfigured, match="speaks for the issuer"):
        verifier_of(server).verify(server.token())


def test_a_slow_issuer_does_not_hold_a_call_longer_than_it_may_wait(server):
    release = threading.Event()
    server.routes["/jwks"] = lambda h: (release.wait(5), h.answer(500, b""))
    verifier = verifier_of(server, wait_s=0.3)
    began = time.monotonic()

    with pytest.raises(VerifierUnavailable, match="in time"):
        verifier.verify(server.token())

    assert time.monotonic() - began < 2
    release.set()


def test_the_event_loop_is_never_blocked_by_a_slow_issuer(server):
    import asyncio

    release = threading.Event()
    good = server.routes["/jwks"]
    server.routes["/jwks"] = lambda h: (release.wait(5), good(h))
    verifier = verifier_of(server)
    token = server.token()

    async def scenario():
        waiting = [asyncio.create_task(verifier.verify_async(token)) for _ in range(50)]
        longest = 0.0
        for _ in range(20):
            began = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - began)
        waiting[0].cancel()  # must not cancel what the others wait for
        release.set()
        done = await asyncio.gather(*waiting, return_exceptions=True)
        return longest, done

    longest, done = asyncio.run(scenario())

    assert longest < 0.2
    assert isinstance(done[0], asyncio.CancelledError)
    assert [who.subject for who in done[1:]] == ["alice"] * 49
    assert server.requests["/jwks"] == 1


def test_fresh_keys_are_settled_and_old_ones_have_to_be_asked_for(server, keys, ticks):
    assert keys.settled() is None
    found(keys)
    fetched_at = ticks.now

    ticks.now = fetched_at + 300
    assert keys.settled().find(kid="k1", alg="ES256") is found(keys)

    ticks.now = fetched_at + 300.1
    assert keys.settled() is None


def test_the_same_keys_fetched_again_are_the_same_object(server, keys, ticks):
    """So that what was found out with them holds on, whatever order and spelling the issuer chooses next time."""
    server.keys.append(generate_key("ES256", kid="k2"))
    found(keys)
    before = keys.settled()

    server.keys.reverse()
    ticks.now += 301
    found(keys)
    settled(keys)

    assert server.requests["/jwks"] == 2
    assert keys.settled() is before


@pytest.mark.parametrize("change", ["added", "withdrawn", "replaced under its name"])
def test_other_keys_are_another_object(server, keys, ticks, change):
    server.keys.append(generate_key("ES256", kid="k2"))
    found(keys)
    before = keys.settled()

    if change == "added":
        server.keys.append(generate_key("ES256", kid="k3"))
    elif change == "withdrawn":
        server.keys.pop()
    else:
        server.keys[1] = generate_key("ES256", kid="k2")
    ticks.now += 301
    found(keys)
    settled(keys)

    assert keys.settled() is not None
    assert keys.settled() is not before


def test_fixed_keys_are_always_settled():
    keys = Jwks([generate_key("ES256", kid="k1")])

    assert FixedKeys(keys).settled() is keys
