import pytest

from admit.checks import LONGEST, as_text, check, moment, place, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        ({"b", "a"}, "a b"),
        (("x",), "x"),
        (7, "7"),
        ("a\r\n\x1b[31m\u202eb", "a???[31m?b"),
        ("x" * 300, "x" * (LONGEST - 3) + "..."),
    ],
)
def test_values_are_shown_printable_and_short(value, text):
    assert shown(value) == text


@pytest.mark.parametrize("secret", ["adm_at_" + "Ab1" * 16, "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln"])
def test_what_looks_like_a_token_is_struck_out(secret):
    assert shown(f"got {secret}!") == "got (a token)!"


@pytest.mark.parametrize(
    ("method", "path", "text"),
    [
        ("GET", "/items/7", "GET /items/7"),
        ("GET", "/items/7?token=secret", "GET /items/7"),
        ("POST", "/reset/Zk7q0wvTn2x5Yb8Rd1uCe4Hf/done", "POST /reset/(...)/done"),
        ("GET", "/a-page-with-a-rather-long-name", "GET /a-page-with-a-rather-long-name"),
        (None, "/items", "/items"),
        ("GET", None, ""),
    ],
)
def test_an_address_is_told_without_what_could_open_something(method, path, text):
    assert place(method, path) == text


def test_checks_read_as_lines():
    checks = (check("issuer", "https://a", "https://a", passed=True), check("audience", "api", "web", passed=False))
    assert as_text("wrong_audience", "token is for 'web', this resource is 'api'", checks).splitlines() == [
        "refused: wrong_audience: token is for 'web', this resource is 'api'",
        "  ok      issuer: https://a",
        "  FAILED  audience: expected api; found web",
    ]


def test_a_passed_check_without_a_value_of_its_own_says_what_was_expected():
    (line,) = as_text("x", "y", [check("signature", "made by that key", "so", passed=True)]).splitlines()[1:]
    assert line == "  ok      signature: made by that key"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "1970-01-01 00:00:00 UTC"),
        (1_790_000_000.9, "2026-09-21 14:13:20 UTC"),
        (True, None),
        ("1", None),
        (None, None),
        (1e300, "1e+300"),
    ],
)
def test_times_read_as_people_write_them(value, text):
    assert moment(value) == text
