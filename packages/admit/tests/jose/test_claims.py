import pytest

from admit.jose import Expired, InvalidClaim, NotYetValid, WrongAudience, WrongIssuer, check_claims, check_types
from admit.jose.claims import plainly_typed

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


@pytest.mark.parametrize(
    ("past_s", "leeway_s", "told"),
    [
        (3, 0, r"expired 3 s ago \(leeway 0 s\)"),
        (3.5, 0.5, r"expired 3.5 s ago \(leeway 0.5 s\)"),
        (10.6, 2.5, r"expired 11 s ago \(leeway 2.5 s\)"),
    ],
)
def test_parts_of_a_second_are_told_where_they_matter(past_s, leeway_s, told):
    with pytest.raises(Expired, match=told):
        check(GOOD | {"exp": 1000, "iat": 0}, now=1000 + past_s, leeway_s=leeway_s)


def test_a_token_that_never_ends_is_for_the_caller_to_forbid():
    without = {name: value for name, value in GOOD.items() if name != "exp"}

    check(without, required=("sub",))
    with pytest.raises(InvalidClaim, match="missing: exp"):
        check(without, required=("sub", "exp"))


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize(("ahead_s", "early"), [(0, False), (30, False), (31, True)])
def test_a_token_from_the_future_is_refused(name, ahead_s, early):
    claims = GOOD | {name: NOW + ahead_s}
    if early:
        with pytest.raises(NotYetValid, match=f"begins in {ahead_s} s by its {name}"):
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


@pytest.mark.parametrize(
    ("aud", "told"), [("a", "'a'"), (["a", "b"], "'a' and 'b'"), ([], "nobody"), (["x" * 300], repr("x" * 300)[:200])]
)
def test_a_refused_audience_is_told_whom_the_token_is_for(aud, told):
    with pytest.raises(WrongAudience) as caught:
        check(GOOD | {"aud": aud})

    assert str(caught.value) == f"token is for {told}, this resource is 'https://api.example'"


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


ODD_VALUES = [
    *(None, True, False, 0, 1, -1, NOW, NOW + 0.5, 10**12, 253_402_300_799, 253_402_300_800, "", "x", str(NOW)),
    *(
        [],
        ["x"],
        ["x", 5],
        [None],
        {},
        {"a": 1},
        [{"grant": "g", "jti": "j"}],
        [{"grant": "g"}],
        [{"grant": 5, "jti": "j"}],
        [["x"]],
    ),
]
NAMES = (
    *(
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "auth_time",
        "jti",
        "client_id",
        "sid",
        "grant",
        "scope",
        "acr",
        "amr",
        "parents",
        "cnf",
    ),
    "limits",
)


def types_pass(claims, required=()):
    try:
        check_types(claims, required=required)
    except InvalidClaim:
        return False
    return True


@pytest.mark.parametrize("name", NAMES)
def test_a_quick_yes_is_never_one_that_the_full_check_would_not_give(name):
    """The quick check may leave doubts to the full one; what it takes, the full one takes, with the same names missing."""
    for value in ODD_VALUES:
        claims = GOOD | {name: value}
        assert types_pass(claims) or plainly_typed(claims, required=()) is False, value
    without = {key: value for key, value in GOOD.items() if key != name}
    assert plainly_typed(without, required=(name,)) is types_pass(without, required=(name,)) is False
    assert plainly_typed(GOOD, required=GOOD) is True


@pytest.mark.parametrize(
    ("name", "value"),
    [("own", value) for value in (None, True, 1.5, -1, 10**12, "", [5], {"a": 1})]
    + [
        ("exp", 0),
        ("exp", 253_402_300_799),
        ("aud", "x"),
        ("aud", ["x", "y"]),
        ("aud", []),
        ("amr", ["pwd"]),
        ("sid", ""),
        ("scope", ""),
    ],
)
def test_what_is_common_needs_no_second_look(name, value):
    assert plainly_typed(GOOD | {name: value}, required=("exp",)) is True


@pytest.mark.parametrize("name", ["exp", "iat", "nbf", "auth_time"])
@pytest.mark.parametrize(
    ("value", "fits"), [(-1, False), (0, True), (NOW, True), (253_402_300_799, True), (253_402_300_800, False)]
)
def test_times_that_are_no_seconds_are_seen_quickly_too(name, value, fits):
    assert plainly_typed(GOOD | {name: value}, required=("exp",)) is fits
    assert types_pass(GOOD | {name: value}) is fits


@pytest.mark.parametrize("value", [None, "pwd", {}, [5], ["pwd", None]])
def test_amr_is_a_list_of_texts(value):
    """RFC 8176 section 1."""
    with pytest.raises(InvalidClaim, match="amr must be a list of texts"):
        check(GOOD | {"amr": value})


@pytest.mark.parametrize("value", [None, "x", {}, ["x"], [{"grant": "g"}], [{"jti": "j"}], [{"grant": 5, "jti": "j"}]])
def test_parents_are_named_by_grant_and_jti(value):
    with pytest.raises(InvalidClaim, match="parents must be a list of objects"):
        check(GOOD | {"parents": value})


def test_parents_that_are_named_rightly_pass():
    check(GOOD | {"parents": [{"grant": "g", "jti": "j"}], "amr": ["pwd", "otp"]})


@pytest.mark.parametrize("value", [None, 5, {}, [5], ["x", None]])
def test_an_audience_is_text_or_a_list_of_texts_also_where_nobody_expects_one(value):
    """RFC 7519 section 4.1.3."""
    with pytest.raises(InvalidClaim, match="aud must be text or a list of texts"):
        check_types({"aud": value})
    check_types({"aud": "x"})
    check_types({"aud": ["x", "y"]})


def test_an_empty_subject_is_nobody():
    with pytest.raises(InvalidClaim, match="sub must not be empty"):
        check(GOOD | {"sub": ""})


def test_types_are_checked_of_what_is_there():
    check_types({}, required=())
    check_types({"sub": "alice"}, required=("sub",))
