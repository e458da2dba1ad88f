import pytest

from admit.jose import Expired, InvalidClaim, NotYetValid, WrongAudience, WrongIssuer, check_claims

NOW = 1_790_000_000
GOOD = {
    "iss": "https://id.example",
    "sub": "alice",
    "aud": "https://api.example",
    "client_id": "app",
    "jti": "1",
    "iat": NOW,
    "exp": NOW + 300,
}


def check(claims, now=NOW, leeway_s=30, **options):
    check_claims(
        claims, issuer="https://id.example", audience="https://api.example", now=now, leeway_s=leeway_s, **options
    )


def test_good_claims_pass():
    check(GOOD)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_each_claim_that_rfc_9068_requires_is_missed(name):
    with pytest.raises(InvalidClaim, match=f"missing: {name}"):
        check({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize(("past_s", "dead"), [(-1, False), (29, False), (29.9, False), (30, True), (31, True)])
def test_a_token_is_dead_in_the_second_of_its_expiry_plus_leeway(past_s, dead):
    """RFC 7519 section 4.1.4: "on or after which the JWT MUST NOT be accepted"."""
    if dead:
        with pytest.raises(Expired):
            check(GOOD, now=GOOD["exp"] + past_s)
    else:
        check(GOOD, now=GOOD["exp"] + past_s)


def test_an_expired_token_says_how_long_ago_and_with_which_leeway():
    with pytest.raises(Expired, match=r"expired 42 s ago \(leeway 30 s\)"):
        check(GOOD, now=GOOD["exp"] + 42)


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize(("ahead_s", "early"), [(0, False), (30, False), (31, True)])
def test_a_token_from_the_future_is_refused(name, ahead_s, early):
    claims = GOOD | {name: NOW + ahead_s}
    if early:
        with pytest.raises(NotYetValid, match=f"{name} is {ahead_s} s in the future"):
            check(claims)
    else:
        check(claims)


@pytest.mark.parametrize("issuer", ["https://id.example/", "https://ID.example", "", "https://evil.example"])
def test_another_issuer_is_refused_also_when_it_looks_alike(issuer):
    with pytest.raises(WrongIssuer):
        check(GOOD | {"iss": issuer})


@pytest.mark.parametrize("aud", ["https://api.example/", "api", [], ["x"], "https://api.example https://x", [""]])
def test_another_audience_is_refused(aud):
    with pytest.raises(WrongAudience):
        check(GOOD | {"aud": aud})


def test_one_of_several_audiences_is_enough():
    check(GOOD | {"aud": ["x", "https://api.example"]})


@pytest.mark.parametrize(
    "wrong",
    [
        {"exp": "1790000300"},
        {"exp": True},
        {"exp": None},
        {"exp": [NOW]},
        {"exp": -1},
        {"exp": (NOW + 300) * 1000},
        {"exp": 10**400},
        {"nbf": "soon"},
        {"iat": "now"},
        {"iat": {}},
        {"auth_time": "then"},
        {"sub": 5},
        {"sub": ""},
        {"sub": None},
        {"iss": ["https://id.example"]},
        {"jti": 7},
        {"client_id": 7},
        {"sid": 7},
        {"grant": []},
        {"scope": ["read"]},
        {"acr": 1},
        {"amr": "pwd"},
        {"amr": [1]},
        {"parents": "tok_1"},
        {"parents": ["tok_1"]},
        {"parents": [{"grant": "g"}]},
        {"parents": [{"grant": "g", "jti": 1}]},
        {"aud": 5},
        {"aud": [5]},
        {"aud": {"https://api.example": 1}},
        {"aud": None},
    ],
    ids=str,
)
def test_a_claim_of_the_wrong_type_is_refused(wrong):
    with pytest.raises(InvalidClaim):
        check(GOOD | wrong)


def test_fractions_of_seconds_are_numbers_too():
    check(GOOD | {"exp": NOW + 0.5, "iat": NOW - 0.5}, leeway_s=0)
