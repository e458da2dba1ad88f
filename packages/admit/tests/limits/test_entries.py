"""How limits are written, and what they let through: never more than they say."""

import re
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit.limits import Attempt, InvalidLimit, Limits, groups_of
from admit.limits.entries import path_pattern

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 8, 5, 12, 0, tzinfo=UTC).timestamp()  # a Wednesday


def acts(action: str, method: str | None, path: str | None, *, name: str | None = None) -> bool:
    limits = Limits(actions=groups_of((action,)))
    return limits.violation(Attempt(method=method, path=path, action=name), now=NOON) is None


def reaches(network: str, address: str | None) -> bool:
    return Limits(networks=groups_of((network,))).violation(Attempt(address=address), now=NOON) is None


def open_at(window: str, *moment: int, zone: ZoneInfo = BERLIN, fold: int = 0) -> bool:
    now = datetime(*moment, tzinfo=zone, fold=fold).timestamp()
    return Limits(hours=groups_of((window,))).violation(Attempt(), now=now) is None


@pytest.mark.parametrize(
    ("action", "method", "path", "allowed"),
    [
        ("GET /orders", "GET", "/orders", True),
        ("GET /orders", "GET", "/orders/", False),
        ("GET /orders", "HEAD", "/orders", False),
        ("GET /orders", "get", "/orders", False),
        ("GET /orders", "GET", "/ORDERS", False),
        ("* /orders", "DELETE", "/orders", True),
        ("GET /orders/*", "GET", "/orders/7", True),
        ("GET /orders/*", "GET", "/orders/ü 7\u2028", True),
        ("GET /orders/*", "GET", "/orders/", False),
        ("GET /orders/*", "GET", "/orders", False),
        ("GET /orders/*", "GET", "/orders/7/items", False),
        ("GET /orders/*/items", "GET", "/orders/7/items", True),
        ("GET /files/*.json", "GET", "/files/a.json", True),
        ("GET /files/*.json", "GET", "/files/a.jsonx", False),
        ("GET /files/*.json", "GET", "/files/axjson", False),
        ("GET /a+b", "GET", "/aab", False),
        ("GET /orders/**", "GET", "/orders", False),
        ("GET /orders/**", "GET", "/orders/", True),
        ("GET /orders/**", "GET", "/orders/7/items/9", True),
        ("GET /**/items", "GET", "/items", True),
        ("GET /**/items", "GET", "/orders/7/items", True),
        ("GET /**/items", "GET", "/orders/7items", False),
        ("GET /**", "GET", "/", True),
        ("GET /", "GET", "/", True),
        ("GET /orders", None, "/orders", False),
        ("GET /orders", "GET", None, False),
    ],
)
def test_a_route_allows_its_method_and_its_path_only(action, method, path, allowed):
    assert acts(action, method, path) is allowed


@pytest.mark.parametrize(
    "path",
    [
        "/orders//7",
        "//orders/7",
        "/orders/../admin",
        "/orders/..",
        "/orders/./7",
        "/orders/..;/admin",
        "/orders/..;a=b",
        "/orders/.;/7",
        "/orders/a\\..\\admin",
        "/orders/%2e%2e/admin",
        "/orders/%2E%2E",
        "/orders/a%2Fb",
        "/orders/a%2fb",
        "/orders/a%5cb",
        "/orders/a%252e",
        "/orders/7%00",
        "/orders/7%0d%0a",
        "/orders/7\x00",
        "/orders/7\n",
        "/orders/7\t",
        "/orders/7\x7f",
        "orders/7",
        "",
    ],
)
@pytest.mark.parametrize("action", ["GET /orders/**", "* /**", "GET /orders/*"])
def test_a_path_that_somebody_may_read_otherwise_matches_nothing(action, path):
    assert not acts(action, "GET", path)


@pytest.mark.parametrize(
    "path", ["/orders/...", "/orders/..a", "/orders/a..b", "/orders/.hidden", "/orders/100%", "/orders/a;v=1"]
)
def test_an_unusual_path_that_reads_one_way_only_is_a_path_like_any(path):
    assert acts("GET /orders/*", "GET", path)


def test_a_name_allows_itself_and_no_route():
    assert acts("orders.refund", "POST", "/orders/7", name="orders.refund")
    assert not acts("orders.refund", "POST", "/orders/7", name="orders.cancel")
    assert not acts("orders.refund", "POST", "/orders.refund")
    assert not acts("orders.refund", "orders.refund", None)


def test_a_route_is_no_name():
    assert not acts("GET /orders", "POST", "/x", name="GET /orders")


@pytest.mark.parametrize(
    "entry",
    [
        "",
        " ",
        "get /orders",
        "GET orders",
        "GET  /orders",
        "GET /orders ",
        "GET /orders\n",
        "orders.refund\n",
        "GET /a/../b",
        "GET /a//b",
        "GET /a/./b",
        "GET /a\\b",
        "GET /a?b=c",
        "GET /a#b",
        "GET /a%20b",
        "GET /ü",
        "GET /a*b*c",
        "GET /**/a/**",
        "GET /a**",
        "GET /***",
        "two words",
        "x" * 101,
        "GET /" + "x" * 501,
    ],
)
def test_an_action_that_is_not_written_as_it_has_to_be_is_refused(entry):
    with pytest.raises(InvalidLimit):
        Limits(actions=groups_of((entry,)))


def test_matching_takes_no_longer_than_the_path_is_long():
    """Of patterns with many wildcards a hostile path could make a matcher try for ever."""
    limits = Limits(actions=groups_of(("GET /**/" + "/".join(["*a"] * 120),)))
    began = time.monotonic()

    assert limits.violation(Attempt(method="GET", path="/a" * 4000 + "/b"), now=NOON) is not None

    assert time.monotonic() - began < 1


segments = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/\\%;"), min_size=1).filter(
    lambda s: s not in (".", "..")
)


@given(st.lists(segments, min_size=1, max_size=5))
def test_a_star_is_one_segment_whatever_it_holds(parts):
    path = "/" + "/".join(parts)
    for length in range(1, 7):
        assert acts("GET /" + "/".join("*" * length), "GET", path) is (length == len(parts))


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_path_leaves_the_prefix_of_a_pattern(prefix, rest):
    """Whatever is allowed reads as below the prefix, and stays there when its dots and slashes are worked out."""
    path = f"/{prefix}/{rest}"
    if acts("GET /orders/**", "GET", path):
        assert path.startswith("/orders/")
        assert not {".", ".."} & set(path.split("/"))


@pytest.mark.parametrize(
    ("network", "address", "inside"),
    [
        ("10.0.0.0/8", "10.255.255.255", True),
        ("10.0.0.0/8", "11.0.0.0", False),
        ("10.0.0.0/8", "9.255.255.255", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("0.0.0.0/0", "203.0.113.9", True),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("::/0", "203.0.113.9", False),
        ("::/0", "2001:db8::1", True),
        ("10.0.0.0/8", "::ffff:10.1.2.3", True),
        ("10.0.0.0/8", "::ffff:a01:203", True),
        ("::/0", "::ffff:10.1.2.3", False),
        ("2001:db8::/32", "2001:DB8:1::1", True),
        ("2001:db8::/32", "2001:db9::1", False),
        ("fe80::/10", "fe80::1%eth0", True),
        ("10.0.0.0/8", "010.1.2.3", False),
        ("10.0.0.0/8", "10.1.2.3, 203.0.113.9", False),
        ("10.0.0.0/8", "localhost", False),
        ("10.0.0.0/8", "", False),
        ("10.0.0.0/8", None, False),
    ],
)
def test_an_address_is_inside_or_not(network, address, inside):
    assert reaches(network, address) is inside


@pytest.mark.parametrize(
    "entry",
    [
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/0.255.255.255",
        "10.0.0",
        "10",
        "0x0a000000",
        "::ffff:10.0.0.0/104",
        "fe80::1%eth0",
        "2001:db8::1/32",
        "example.com",
        "10.0.0.0/8\n",
        "",
    ],
)
def test_a_network_that_is_not_cidr_is_refused(entry):
    with pytest.raises(InvalidLimit, match="network"):
        Limits(networks=groups_of((entry,)))


@given(st.ip_addresses(v=4), st.integers(0, 32), st.ip_addresses(v=4))
def test_a_network_holds_what_the_standard_library_says(base, prefix, address):
    import ipaddress

    network = ipaddress.ip_network((base, prefix), strict=False)
    assert reaches(str(network), str(address)) is (address in network)
    assert reaches(str(network), f"::ffff:{address}") is (address in network)


@pytest.mark.parametrize(
    ("window", "moment", "inside"),
    [
        ("mon-fri 08:00-18:00 Europe/Berlin", (2026, 8, 5, 8, 0), True),
        ("mon-fri 08:00-18:00 Europe/Berlin", (2026, 8, 5, 7, 59), False),
        ("mon-fri 08:00-18:00 Europe/Berlin", (2026, 8, 5, 17, 59), True),
        ("mon-fri 08:00-18:00 Europe/Berlin", (2026, 8, 5, 18, 0), False),
        ("mon-fri 08:00-18:00 Europe/Berlin", (2026, 8, 8, 12, 0), False),
        ("sat,sun 08:00-18:00 Europe/Berlin", (2026, 8, 8, 12, 0), True),
        ("fri-mon 08:00-18:00 Europe/Berlin", (2026, 8, 9, 12, 0), True),
        ("fri-mon 08:00-18:00 Europe/Berlin", (2026, 8, 4, 12, 0), False),
        ("wed 00:00-24:00 Europe/Berlin", (2026, 8, 5, 23, 59), True),
        ("wed 00:00-24:00 Europe/Berlin", (2026, 8, 6, 0, 0), False),
        ("fri 22:00-06:00 Europe/Berlin", (2026, 8, 7, 21, 59), False),
        ("fri 22:00-06:00 Europe/Berlin", (2026, 8, 7, 23, 0), True),
        ("fri 22:00-06:00 Europe/Berlin", (2026, 8, 8, 5, 59), True),
        ("fri 22:00-06:00 Europe/Berlin", (2026, 8, 8, 6, 0), False),
        ("fri 22:00-06:00 Europe/Berlin", (2026, 8, 7, 3, 0), False),
        ("sun 22:00-06:00 Europe/Berlin", (2026, 8, 10, 5, 0), True),
        ("wed 20:00-00:00 Europe/Berlin", (2026, 8, 5, 23, 59), True),
        ("wed 20:00-00:00 Europe/Berlin", (2026, 8, 6, 0, 0), False),
        ("wed 06:00-09:00 America/New_York", (2026, 8, 5, 12, 30), True),
    ],
)
def test_a_window_is_open_by_the_clock_of_its_zone(window, moment, inside):
    assert open_at(window, *moment) is inside


def test_a_window_follows_the_clock_when_it_is_put_forward():
    """On 29 March 2026 in Berlin 02:00 becomes 03:00: a window of that hour has no minute that day."""
    before = datetime(2026, 3, 29, 0, 59, tzinfo=UTC).timestamp()
    after = datetime(2026, 3, 29, 1, 0, tzinfo=UTC).timestamp()
    early, late = (Limits(hours=groups_of((f"sun {hours} Europe/Berlin",))) for hours in ("01:00-02:00", "03:00-04:00"))
    lost = Limits(hours=groups_of(("sun 02:00-03:00 Europe/Berlin",)))

    assert early.violation(Attempt(), now=before) is None
    assert late.violation(Attempt(), now=after) is None
    assert lost.violation(Attempt(), now=before) is not None
    assert lost.violation(Attempt(), now=after) is not None


def test_a_window_is_open_twice_when_the_clock_is_put_back():
    """On 25 October 2026 in Berlin the hour from 02:00 comes twice, and both are that hour."""
    for fold in (0, 1):
        assert open_at("sun 02:00-03:00 Europe/Berlin", 2026, 10, 25, 2, 30, fold=fold)
        assert not open_at("sun 03:00-04:00 Europe/Berlin", 2026, 10, 25, 2, 30, fold=fold)


@given(st.integers(0, 2**33))
def test_a_day_over_midnight_and_its_rest_cover_the_week_exactly(now):
    night = Limits(hours=groups_of(("mon-sun 22:00-06:00 Europe/Berlin",)))
    day = Limits(hours=groups_of(("mon-sun 06:00-22:00 Europe/Berlin",)))
    assert (night.violation(Attempt(), now=now) is None) is not (day.violation(Attempt(), now=now) is None)


@pytest.mark.parametrize(
    "entry",
    [
        "08:00-18:00 Europe/Berlin",
        "mon-fri 08:00-18:00",
        "mon-fri 8:00-18:00 UTC",
        "Mon-Fri 08:00-18:00 UTC",
        "mon-frx 08:00-18:00 UTC",
        "xyz 08:00-18:00 UTC",
        "mon 08:00-08:00 UTC",
        "mon 24:00-06:00 UTC",
        "mon 08:00-24:01 UTC",
        "mon 08:60-18:00 UTC",
        "mon 08:00-29:00 UTC",
        "mon 08:00-18:00 Mars/Olympus",
        "mon 08:00-18:00 ../../etc/passwd",
        "mon 08:00-18:00 /etc/localtime",
        "mon 08:00-18:00 Europe",
        "mon 08:00-18:00 UTC\n",
        "",
    ],
)
def test_a_window_that_is_not_written_as_it_has_to_be_is_refused(entry):
    with pytest.raises(InvalidLimit):
        Limits(hours=groups_of((entry,)))


def test_utc_needs_no_time_zone_database(monkeypatch):
    import zoneinfo

    def missing(name):
        raise zoneinfo.ZoneInfoNotFoundError(name)

    monkeypatch.setattr(zoneinfo, "ZoneInfo", missing)

    Limits(hours=groups_of(("wed 00:17-23:41 UTC",)))
    with pytest.raises(InvalidLimit, match="this machine"):
        Limits(hours=groups_of(("wed 00:17-23:41 Asia/Tokyo",)))


def as_one_expression(pattern: str) -> re.Pattern[str]:
    """The meaning of a pattern, said once more and without regard to time."""
    segments = pattern[1:].split("/")
    parts = ["(?:.*/)?" if s == "**" else re.escape(s).replace(r"\*", "[^/]+") + "/" for s in segments[:-1]]
    parts.append(".*" if segments[-1] == "**" else re.escape(segments[-1]).replace(r"\*", "[^/]+"))
    return re.compile("/" + "".join(parts), re.DOTALL)


SEGMENTS = st.lists(st.sampled_from(["a", "b", "ab", "*", "a*", "*b"]), max_size=3)


@given(
    SEGMENTS,
    st.sampled_from([[], ["**"]]),
    SEGMENTS,
    st.lists(st.sampled_from(["a", "b", "ab", "", "aab"]), max_size=7),
)
def test_a_path_is_matched_as_the_pattern_says(before, between, behind, path):
    pattern, text = "/" + "/".join([*before, *between, *behind]), "/" + "/".join(path)
    assert bool(path_pattern(pattern, pattern)(text)) == (as_one_expression(pattern).fullmatch(text) is not None)


def test_no_pattern_makes_a_long_path_slow():
    # The holder of a token writes such limits when it exchanges the token for a weaker one.
    group = {"GET /**/" + "*/" * 240 + f"x{number}" for number in range(64)}
    limits, path = Limits(actions=frozenset({frozenset(group)})), "/" + "a/" * 4000
    begun = time.perf_counter()
    assert limits.violation(Attempt(method="GET", path=path), now=NOON) is not None
    assert time.perf_counter() - begun < 0.3
