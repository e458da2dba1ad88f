"""The short way and the memory of good tokens never decide otherwise than the long way does."""

import sys
import threading
from collections import deque
from hashlib import sha256

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from admit import (
    AdmitError,
    BadSignature,
    MalformedToken,
    TokenExpired,
    TokenNotYetValid,
    TokenRevoked,
    Verifier,
    VerifierUnavailable,
)
from admit import UnknownKey as UnknownKeyRefusal
from admit.jose import Jwk, Jwks, UnknownKey, base64url, sign
from admit.keys import FixedKeys
from admit.limits import Attempt, Presented
from admit.remembering import DIGEST_BYTES, MOST_READ
from admit.revocations import InMemoryRevocations

ISSUER, HERE, ELSEWHERE = "https://id.test", "https://api.test", "https://other.test"
START = 1_800_000_000
KEYS = [Jwk.from_secret(bytes([number]) * 32, kid=f"k{number}") for number in range(3)]
NAMELESS = Jwk.from_secret(b"n" * 32)


class Keys:
    """A source whose keys come and go. `settled` as `SettledKeySource` describes it."""

    def __init__(self, *keys):
        self.now = Jwks(keys)
        self.quiet = True

    def find(self, *, kid, alg):
        return self.now.find(kid=kid, alg=alg)

    def settled(self):
        return self.now if self.quiet else None

    def close(self):
        pass


class Untold:
    """The same source for a verifier that has to ask each time."""

    def __init__(self, keys):
        self.find, self.close = keys.find, keys.close


class Feed:
    """Revocations that are sometimes not fresh."""

    def __init__(self):
        self.memory = InMemoryRevocations()
        self.lost = self.quiet = False

    def ready(self):
        if self.lost:
            raise VerifierUnavailable("no word")

    def version(self):
        return None if self.lost or self.quiet else self.memory.version()

    def revoked(self, claims):
        return self.memory.revoked(claims)

    def close(self):
        pass


class UntoldFeed:
    def __init__(self, feed):
        self.ready, self.revoked, self.close = feed.ready, feed.revoked, feed.close


def claims(now=START, number=0, **more):
    return {
        "iss": ISSUER, "sub": "alice", "aud": HERE, "iat": now, "exp": now + 300, "jti": f"t{number}", "client_id": "app",
        "scope": "read", "sid": "s0", "grant": "g0",
    } | more  # fmt: skip


def token(key=KEYS[0], *, typ="at+jwt", now=START, critical=None, number=0, **more):
    said = {name: value for name, value in claims(now, number, **more).items() if value is not None}
    return sign(said, key, typ=typ, critical=critical)


def outcome(verifier, text, attempt):
    try:
        who = verifier.verify(text, attempt)
    except AdmitError as refusal:
        return type(refusal), str(refusal), refusal.explain(), refusal.headers()
    return who, dict(who.claims)


def brief(verifier, text):
    try:
        return verifier.verify(text).claims
    except AdmitError as refusal:
        return type(refusal), str(refusal)


SMALL = st.integers(0, 2)
ODDITIES = [
    {},
    {"aud": ELSEWHERE},
    {"aud": [ELSEWHERE, HERE]},
    {"aud": [ELSEWHERE]},
    {"aud": []},
    {"aud": [HERE, 5]},
    {"aud": HERE + "x"},
    {"aud": 5},
    {"iss": "https://evil.test"},
    {"sub": 5},
    {"sub": ""},
    {"exp": None},
    {"exp": "soon"},
    {"exp": True},
    {"exp": START + 200.5},
    {"exp": 10**12},
    {"exp": -1},
    {"jti": None},
    {"nbf": START + 40},
    {"nbf": START + 10},
    {"iat": START + 20},
    {"iat": 10**12},
    {"iat": "now"},
    {"auth_time": START},
    {"auth_time": "then"},
    {"auth_time": -5},
    {"amr": ["pwd", "otp"]},
    {"amr": "pwd"},
    {"amr": [5]},
    {"amr": {}},
    {"parents": [{"grant": "g1", "jti": "t1"}]},
    {"parents": [5]},
    {"parents": "x"},
    {"act": {"sub": "app"}},
    {"scope": ["read"]},
    {"sid": 5},
    {"limits": {"actions": [["GET /items"]]}},
    {"limits": {"phase_of_moon": 1}},
    {"cnf": {"jkt": "x"}},
    {"cnf": None},
    {"org": {"a": [1]}},
    {"exp": START + 10},
    {"scope": True},
    {"client_id": 1.5},
    {"acr": ["x"]},
    {"grant": {}},
]
ODD = st.sampled_from(ODDITIES)
MENDINGS = [
    lambda text: text,
    lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"),
    lambda text: text[:-2] + "A" + text[-1],
    lambda text: text + "=",
    lambda text: text + "\n",
    lambda text: text.replace(".", "..", 1),
    lambda text: text + ".x",
    lambda text: "é" + text,
    lambda text: text.replace(".", ".\udc80", 1),
    lambda text: text.partition(".")[2],
    lambda text: text.rpartition(".")[0] + ".",
    lambda text: text.split(".")[0] + "." + "e30" + "." + text.split(".")[2],
]
ATTEMPTS = [
    Attempt(),
    Attempt(method="GET", path="/items"),
    Attempt(method="POST", path="/items"),
    Attempt(method="GET", path="/items", presented=Presented()),
    Attempt(
        method="GET", path="/items", presented=Presented(scheme="DPoP", proofs=("x",), url="https://api.test/items")
    ),
]


class CachedAndUncached(RuleBasedStateMachine):
    """Pairs of verifiers, of which one remembers and one does not, live through the same; after each step, all tokens are shown to all."""

    @initialize(small=st.booleans())
    def begin(self, small):
        self.now = float(START)
        self.keys, self.feed = Keys(*KEYS[:2], NAMELESS), Feed()
        self.texts = deque([token(), token(KEYS[1], number=1, sid="s1", grant="g1")], maxlen=6)
        self.pairs = []
        for audience, leeway_s, more in (
            (HERE, 30, {}),
            (HERE, 0, {}),
            (ELSEWHERE, 30, {}),
            (HERE, 30, {"danger_accept_types": {"JWT"}}),
        ):
            options = {"issuer": ISSUER, "audience": audience, "leeway_s": leeway_s, "clock": lambda: self.now} | more
            remembers = Verifier(
                keys=self.keys, revocations=self.feed, max_cached_tokens=4 if small else 1000, **options
            )
            self.pairs.append(
                (remembers, Verifier(keys=Untold(self.keys), revocations=UntoldFeed(self.feed), **options))
            )

    @rule(key=st.sampled_from([*KEYS, NAMELESS]), number=SMALL, sid=SMALL, grant=SMALL)
    def issue(self, key, number, sid, grant):
        self.texts.append(token(key, now=int(self.now), number=number, sid=f"s{sid}", grant=f"g{grant}"))

    @rule(typ=st.sampled_from(["at+jwt", "at+jwt", "JWT", "application/at+jwt"]),
          critical=st.sampled_from([None, None, {"limits": 1}, {"other": 1}]), odd=ODD)  # fmt: skip
    def issue_an_odd_one(self, typ, critical, odd):
        self.texts.append(token(typ=typ, now=int(self.now), critical=critical, **odd))

    @rule(number=st.integers(0, 5), mending=st.sampled_from(MENDINGS), attempt=st.sampled_from(ATTEMPTS))
    def show_in_another_way(self, number, mending, attempt):
        text = mending(self.texts[number % len(self.texts)])
        for remembers, asks in self.pairs:
            for _ in range(2):
                assert outcome(remembers, text, attempt) == outcome(asks, text, attempt)

    @rule(seconds=st.sampled_from([0.5, 1, 29, 30, 31, 269, 299, 300, 330, 331, -0.5, -1, -31, -300]))
    def time_passes(self, seconds):
        self.now += seconds

    @rule(kind=st.sampled_from(["sid", "grant", "jti", "kid"]), number=SMALL)
    def revoke(self, kind, number):
        value = {"sid": "s", "grant": "g", "jti": "t", "kid": "k"}[kind] + str(number)
        self.feed.memory.revoke(kind, value, until=START + 9999)

    @rule(ago=st.integers(0, 60))
    def revoke_before(self, ago):
        self.feed.memory.revoke_before(self.now - ago, until=START + 9999)

    @rule(keys=st.sets(st.sampled_from([*KEYS, NAMELESS]), min_size=1, max_size=4))
    def other_keys(self, keys):
        self.keys.now = Jwks(sorted(keys, key=repr))

    @rule(keys=st.booleans(), feed=st.booleans(), lost=st.sampled_from([False, False, True]))
    def sources_are_quiet_or_not(self, keys, feed, lost):
        self.keys.quiet, self.feed.quiet, self.feed.lost = keys, feed, lost

    @invariant()
    def they_agree(self):
        for remembers, asks in getattr(self, "pairs", []):
            for text in self.texts:
                expected = brief(asks, text)
                assert (brief(remembers, text), brief(remembers, text)) == (expected, expected)
            memory = remembers._short_way._memory
            assert len(memory.younger) + len(memory.older) <= 1000


TestCachedAndUncached = CachedAndUncached.TestCase
TestCachedAndUncached.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)


@pytest.mark.parametrize("odd", ODDITIES, ids=repr)
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=["nothing known", "GET", "POST", "Bearer", "DPoP"])
def test_odd_claims_are_judged_the_same_when_header_and_token_are_remembered(odd, attempt):
    machine = CachedAndUncached()
    machine.begin(small=False)
    text = token(**odd)
    for audience in ([HERE], [ELSEWHERE]):
        machine.texts.append(token(number=1, aud=audience))
    machine.they_agree()

    for remembers, asks in machine.pairs:
        for _ in range(3):
            assert outcome(remembers, text, attempt) == outcome(asks, text, attempt)


def signed(payload, head=None):
    """A token whose second part is this very text, as a careless issuer would sign it."""
    text = f"{head or token().partition('.')[0]}.{payload}"
    return f"{text}.{base64url.encode(KEYS[0].sign(text.encode()))}"


def second_spelling(text):
    """The same bytes, with a bit in the last character that stands for nothing."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) + 1]


def payload_of(left, **more):
    """A payload of 4n + `left` characters with both characters in which base64url differs from base64."""
    for length in range(9):
        text = token(own="?>" * 9 + "?" * 3 + ">" * 3, pad="x" * length, **more).split(".")[1]
        if len(text) % 4 == left and "-" in text and "_" in text:
            return text
    raise AssertionError("no such payload")


@pytest.mark.parametrize(
    "payload",
    [
        payload_of(0).replace("-", "+"),
        payload_of(0).replace("_", "/"),
        second_spelling(payload_of(2)),
        second_spelling(payload_of(3)),
        payload_of(2) + "==",
        payload_of(0) + "A",
        payload_of(3) + "\n",
        "",
        *(base64url.encode(text) for text in (b"", b"[]", b"5", b"null", b'"aud"', b"{", b"[{}]", b"{}x")),
    ],
)
def test_a_second_spelling_and_what_is_no_object_are_refused_also_if_they_are_signed(payload):
    machine = CachedAndUncached()
    machine.begin(small=False)
    for left in (0, 2, 3):
        machine.texts.append(signed(payload_of(left, number=left)))
    machine.they_agree()

    for remembers, asks in machine.pairs:
        for _ in range(3):
            assert brief(remembers, signed(payload)) == brief(asks, signed(payload))
        assert brief(remembers, signed(payload))[0] is MalformedToken


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "iat", "exp", "jti", "client_id"])
def test_good_claims_before_do_not_speak_for_others_of_the_same_types(name):
    machine = CachedAndUncached()
    machine.begin(small=False)
    machine.they_agree()
    said = {"other" if each == name else each: value for each, value in claims().items()}

    for remembers, asks in machine.pairs[:2]:
        for _ in range(2):
            remembers.verify(token())
            expected = brief(asks, sign(said, KEYS[0], typ="at+jwt"))
            assert brief(remembers, sign(said, KEYS[0], typ="at+jwt")) == expected
            assert expected[0] is MalformedToken


class Counting:
    """A key source and a key that count what is asked of them."""

    def __init__(self, key=KEYS[0]):
        self.set, self.finds = Jwks([key]), 0

    def settled(self):
        return self.set

    def find(self, *, kid, alg):
        self.finds += 1
        return self.set.find(kid=kid, alg=alg)

    def close(self):
        pass


@pytest.fixture
def clock():
    class Clock:
        now = float(START + 10)

        def __call__(self):
            return self.now

    return Clock()


def verifier(keys, clock, **options):
    return Verifier(
        **({"issuer": ISSUER, "audience": HERE, "keys": keys, "revocations": None, "clock": clock} | options)
    )


def test_a_good_token_that_comes_again_is_neither_looked_up_nor_verified(clock, monkeypatch):
    keys = Counting()
    one = verifier(keys, clock)
    one.verify(token())
    one.verify(token())
    asked = []
    monkeypatch.setattr(Jwk, "verify", lambda *_: asked.append("signature"))

    for _ in range(5):
        assert one.verify(token()).subject == "alice"
    assert asked == []
    assert keys.finds == 1


@pytest.mark.parametrize("feed", [None, InMemoryRevocations(), Feed()], ids=["none", "in memory", "another's"])
@pytest.mark.parametrize("times_shown", [0, 1, 3])
def test_the_short_way_decides_of_good_tokens_alone_once_their_header_is_known(clock, feed, times_shown):
    one = verifier(Counting(), clock, revocations=feed)
    for text in (token(number=1), *[token()] * times_shown):
        one.verify(text)

    for attempt in (Attempt(), Attempt(method="GET", path="/items", presented=Presented())):
        clock.now -= 0.25  # so little is no reason to begin anew
        assert one._short_way.principal(token(), attempt).subject == "alice"


@pytest.mark.parametrize(
    ("said", "at", "good"),
    [
        ({"exp": START + 5}, START + 34.9, True),
        ({"exp": START + 5}, START + 35, False),
        ({"exp": 253_402_300_799}, START, True),
        ({"exp": 253_402_300_800}, START, False),
        ({"exp": 0}, START, False),
        ({"aud": [ELSEWHERE, HERE]}, START, True),
        ({"aud": [ELSEWHERE]}, START, False),
        ({"aud": {HERE: 1}}, START, False),
        *(
            ({name: value}, START, good)
            for name in ("iat", "nbf")
            for value, good in ((START + 30, True), (START + 31, False), (0, True), (-1, False))
        ),
        *(
            ({"auth_time": value}, START, good)
            for value, good in ((0, True), (-1, False), (253_402_300_799, True), (253_402_300_800, False))
        ),
    ],
)
def test_the_short_way_takes_a_new_token_up_to_the_very_ends_of_what_is_good(clock, said, at, good):
    clock.now = float(START)
    one = verifier(Counting(), clock)
    one.verify(token())
    clock.now = float(at)

    assert (one._short_way.principal(token(number=2, **said), Attempt()) is not None) is good
    assert (type(brief(verifier(Counting(), clock), token(number=2, **said))) is not tuple) is good


def test_what_a_source_answers_to_by_accident_is_not_what_it_tells(clock):
    class Answers:
        """As a proxy or a mock does, it has whatever it is asked for."""

        def __init__(self, keys):
            self.inner = keys

        def __getattr__(self, name):
            return getattr(self.inner, name)

    one = verifier(Answers(Counting()), clock)
    for _ in range(3):
        assert one.verify(token()).subject == "alice"

    assert one._short_way.principal(token(), Attempt()) is None


def test_a_source_that_takes_the_key_beside_the_claims_is_asked_that_way(clock, monkeypatch):
    feed = InMemoryRevocations()
    one = verifier(Counting(), clock, revocations=feed)
    one.verify(token())
    monkeypatch.setattr(InMemoryRevocations, "revoked", None)

    assert one.verify(token(number=1)).token_id == "t1"


def test_a_token_that_never_came_is_always_verified(clock):
    one = verifier(Counting(), clock)
    one.verify(token())
    one.verify(token(number=1))
    head, payload, _ = token(number=2).split(".")

    with pytest.raises(BadSignature):
        one.verify(f"{head}.{payload}.{token().split('.')[2]}")


def test_a_remembered_token_ends_in_its_second(clock):
    one = verifier(Counting(), clock, leeway_s=5)
    for _ in range(3):
        one.verify(token())
    clock.now = START + 304.999
    one.verify(token())
    clock.now = START + 305

    with pytest.raises(TokenExpired, match=r"expired 5 s ago \(leeway 5 s\)"):
        one.verify(token())


def test_a_clock_that_was_set_back_makes_a_remembered_token_wait_again(clock):
    one = verifier(Counting(), clock, leeway_s=5)
    clock.now = START + 20.0
    for _ in range(3):
        one.verify(token(nbf=START + 10))
    clock.now = START + 1.0

    with pytest.raises(TokenNotYetValid):
        one.verify(token(nbf=START + 10))


def test_a_clock_that_was_set_back_after_a_while_of_good_tokens_is_noticed_too(clock):
    one = verifier(Counting(), clock, leeway_s=5)
    for clock.now in (START + 0.0, START + 10.0, START + 20.0):
        for _ in range(3):
            one.verify(token())
    for _ in range(3):
        one.verify(token(nbf=START + 18))
    clock.now = START + 5.0

    with pytest.raises(TokenNotYetValid):
        one.verify(token(nbf=START + 18))


def test_a_secret_that_may_only_check_is_good_for_checking(clock):
    members = {"kty": "oct", "k": base64url.encode(bytes(32)), "kid": "k0", "key_ops": ["verify"]}
    one = verifier(Jwk.parse(members), clock)

    assert {one.verify(token()).subject for _ in range(4)} == {"alice"}
    with pytest.raises(BadSignature):
        one.verify(token()[:-43] + "A" * 43)


def test_a_class_that_revokes_more_than_ours_is_asked_about_every_token(clock):
    class Banning(InMemoryRevocations):
        banned = ()

        def revoked(self, claims):
            return "sub" if claims["sub"] in self.banned else super().revoked(claims)

    feed = Banning()
    one = verifier(Counting(), clock, revocations=feed)
    for _ in range(3):
        one.verify(token(sub="bob"))
    feed.banned = ("bob", "carol")

    for name in feed.banned:
        with pytest.raises(TokenRevoked):
            one.verify(token(sub=name))


def test_a_class_that_finds_fewer_keys_than_ours_is_asked_for_every_token(clock):
    class Picky(FixedKeys):
        wanted = True

        def find(self, *, kid, alg):
            if not self.wanted:
                raise UnknownKey("not now")
            return super().find(kid=kid, alg=alg)

    keys = Picky(KEYS[0])
    one = verifier(keys, clock)
    for _ in range(3):
        one.verify(token())
    keys.wanted = False

    with pytest.raises(UnknownKeyRefusal):
        one.verify(token())


def test_small_steps_of_the_clock_back_do_not_add_up(clock):
    one = verifier(Counting(), clock, leeway_s=0)
    clock.now = START + 20.0
    for _ in range(3):
        one.verify(token(nbf=START + 19))
    for _ in range(2):
        clock.now -= 0.9
        text = token(nbf=START)
        one.verify(text)

    with pytest.raises(TokenNotYetValid):
        one.verify(token(nbf=START + 19))


@pytest.mark.parametrize("begun", [{"nbf": START, "iat": START - 9}, {"nbf": START - 9, "iat": START}, {"iat": START}])
@pytest.mark.parametrize("leeway_s", [0, 5])
def test_what_has_only_just_begun_is_not_remembered_since_the_clock_may_step_back(clock, begun, leeway_s):
    one = verifier(Counting(), clock, leeway_s=leeway_s)
    clock.now = START - leeway_s + 0.9
    for _ in range(3):
        one.verify(token(**begun))
    assert not one._short_way._memory.younger
    clock.now -= 0.95

    with pytest.raises(TokenNotYetValid):
        one.verify(token(**begun))

    clock.now = START - leeway_s + 1.0
    one.verify(token(**begun))
    assert len(one._short_way._memory.younger) == 1


def test_a_token_that_judging_has_to_decide_is_read_once(clock):
    one = verifier(Counting(), clock)
    limited = token(limits={"actions": [["GET /items"]]})
    one.verify(token())
    way = one._short_way
    assert way.principal(limited, Attempt(method="GET", path="/items")) is None
    first = way.token(limited)

    assert first.ends == START + 330
    assert way.said_by(first)["limits"] == {"actions": [["GET /items"]]}
    assert way.token(limited) is first
    assert way.token(token(number=1)).ends == START + 330  # shown to nobody yet
    assert way.token(limited[:-4] + "." + limited[-4:]) is None


def test_claims_that_made_room_are_read_again_and_kept(clock, monkeypatch):
    one = verifier(Counting(), clock)
    for _ in range(3):
        one.verify(token())
    way = one._short_way
    (known,) = way._memory.younger.values()
    known.said = None

    assert way.said_by(known)["sub"] == "alice"
    monkeypatch.setattr(way, "_json", None)
    assert way.said_by(known) is known.said
    assert one.verify(token()).subject == "alice"


def test_a_remembered_token_is_looked_up_again_only_when_something_was_revoked(clock):
    asked = []

    class Asked(Feed):
        def version(self):
            return super().version()

        def revoked(self, claims):
            asked.append(claims["jti"])

    feed = Asked()
    one = verifier(Counting(), clock, revocations=feed)
    for _ in range(5):
        one.verify(token())
    before = len(asked)
    for _ in range(5):
        one.verify(token())
    assert len(asked) == before
    feed.memory.revoke("sid", "somebody", until=START + 999)
    for _ in range(5):
        one.verify(token())

    assert len(asked) == before + 1


def test_a_revocation_ends_a_remembered_token_at_once(clock):
    feed = InMemoryRevocations()
    one = verifier(Counting(), clock, revocations=feed)
    for _ in range(3):
        one.verify(token())
    feed.revoke("sid", "somebody", until=START + 999)
    one.verify(token())
    feed.revoke("sid", "s0", until=START + 999)

    with pytest.raises(TokenRevoked):
        one.verify(token())


@pytest.mark.parametrize("feed", [Feed, InMemoryRevocations])
@pytest.mark.parametrize("times_shown", [0, 1, 3])
def test_a_key_that_is_revoked_ends_its_tokens_however_often_they_were_shown(clock, feed, times_shown):
    feed = feed()
    one = verifier(Counting(), clock, revocations=feed)
    for text in (token(number=1), token(number=2), *[token()] * times_shown):
        one.verify(text)
    getattr(feed, "memory", feed).revoke("kid", "k0", until=START + 999)

    with pytest.raises(TokenRevoked, match="kid"):
        one.verify(token())


def test_what_one_request_does_to_its_claims_no_other_request_sees(clock):
    one = verifier(Counting(), clock)
    text = token(amr=["pwd"], org={"teams": ["a"]})
    for _ in range(3):
        one.verify(text)
    first = one.verify(text)
    first.claims["org"]["teams"].append("admins")
    first.claims["amr"].append("otp")

    assert first.amr == ("pwd",)
    assert one.verify(text).claims["org"] == {"teams": ["a"]}


def test_only_so_many_tokens_are_remembered_and_the_most_recent_stay(clock):
    keys = Counting()
    one = verifier(keys, clock, max_cached_tokens=100)
    for number in range(1000):
        for _ in range(2):
            one.verify(token(number=number))
    memory = one._short_way._memory

    assert len(memory.younger) + len(memory.older) <= 100
    assert len({known.payload for known in (*memory.younger.values(), *memory.older.values())}) >= 50


def test_claims_are_kept_read_only_for_the_most_recent(clock):
    one = verifier(Counting(), clock, max_cached_tokens=10_000)
    texts = [token(number=number) for number in range(MOST_READ + 500)]
    for text in texts * 2:
        one.verify(text)
    memory = one._short_way._memory
    read = [known for known in memory.younger.values() if known.said is not None]

    assert len(read) == MOST_READ
    assert one.verify(token(number=1)).token_id == "t1"


def test_nothing_is_remembered_where_nobody_wants_it(clock):
    one = verifier(Counting(), clock, max_cached_tokens=0)
    for _ in range(3):
        assert one.verify(token()).subject == "alice"

    assert not one._short_way._memory.younger


def test_a_token_is_remembered_by_its_hash_alone(clock):
    one = verifier(Counting(), clock)
    for _ in range(3):
        one.verify(token())
    (digest,) = one._short_way._memory.younger

    assert digest == sha256(token().encode()).digest()[:DIGEST_BYTES]
    assert token().rpartition(".")[2].encode() not in repr(one._short_way._memory.younger[digest].payload).encode()


def test_threads_share_the_memory(clock):
    feed = InMemoryRevocations()
    one = verifier(Counting(), clock, revocations=feed, max_cached_tokens=20)
    texts = [token(number=number, sid=f"s{number % 3}") for number in range(40)]
    feed.revoke("sid", "s2", until=START + 999)
    wrong = []

    def show():
        for round_ in range(15):
            for number, text in enumerate(texts):
                try:
                    who = one.verify(text)
                    good = number % 3 != 2 and who.token_id == f"t{number}"
                except TokenRevoked:
                    good = number % 3 == 2
                if not good:
                    wrong.append((round_, number))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=show) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert wrong == []


def test_a_set_that_changes_while_a_token_is_judged_keeps_nothing_of_the_old_one(clock):
    keys = Keys(KEYS[0])
    one = verifier(keys, clock)
    for number in (0, 1, 7):
        one.verify(token(number=number))
    read = one._short_way._json

    def turn(payload):
        keys.now = Jwks([KEYS[1]])  # between the look at the keys and the storing of the token
        return read(payload)

    one._short_way._json = turn
    one.verify(token(number=7))
    one._short_way._json = read

    with pytest.raises(Exception, match="no key of the set") as caught:
        one.verify(token(number=7))
    assert caught.value.code == UnknownKey.code


def test_a_limit_is_judged_each_time_a_remembered_token_is_shown(clock):
    one = verifier(Counting(), clock)
    text = token(limits={"actions": [["GET /items"]]})
    for _ in range(3):
        one.verify(text, Attempt(method="GET", path="/items"))

    with pytest.raises(AdmitError) as caught:
        one.verify(text, Attempt(method="POST", path="/items"))
    assert caught.value.code == "action_not_allowed"
