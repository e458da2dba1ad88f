import re
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admit_server.domain.check_request import Ambiguous, key_of, read_request


def read(uri: str, method: str = "GET", host: str = "api.example"):
    return read_request(method=method, host=host, uri=uri)


def test_a_plain_request_is_read_without_its_query_port_and_case_of_host():
    request = read("/Notes/7?x=/../", host="API.example:8443")
    assert (request.method, request.host, request.path, request.key) == ("GET", "api.example", "/Notes/7", "/notes/7")


def test_a_path_is_decoded_once():
    assert read("/caf%C3%A9/a%20b").path == "/café/a b"


@pytest.mark.parametrize("uri", ["/admin/", "/ADMIN", "/%61dmin", "/admin?", "/Admin/?x"])
def test_what_is_the_same_to_many_programs_has_the_same_key(uri):
    assert read(uri).key == "/admin"


@pytest.mark.parametrize(
    "uri",
    [
        "", "admin", "http://api.example/admin", "*",
        "//admin", "/a//admin", "/./admin", "/a/../admin", "/a/..", "/a/.", "/%2e%2e/admin", "/a/%2E/admin", "/.%2e/admin",
        "/..;/admin", "/admin;x=1", "/admin;/secret", "/admin%3bx=1",
        "/a%2fadmin", "/a%2F..%2Fadmin", "/%2fadmin", "/a%5cadmin", "/a\\admin", "/..%5cadmin",
        "/%2561dmin", "/%252e%252e/admin", "/%25252e", "/100%25", "/admin%3Fx", "/admin%23x",
        "/admin%", "/admin%2", "/%zz", "/%u0061dmin",
        "/admin%00", "/admin%0a", "/admin%0d%0aX-Auth-Subject:x", "/admin%7f", "/admin\x00", "/admin\t", "/ad min",
        "/admin#x", "/admin%ff", "/%c0%afadmin", "/%e0%80%af", "/admin.", "/admin%20", "/%20admin", "/admin./x", "/a\xe9",
        "/a%EF%BC%8Fadmin", "/%EF%BC%8E%EF%BC%8E/admin", "/%E2%80%A5/admin", "/admin%EF%BC%9Bx",
        "/" + "a" * 8192,
    ],
)  # fmt: skip
def test_a_path_that_somebody_could_read_as_another_one_is_refused(uri):
    with pytest.raises(Ambiguous):
        read(uri)


@pytest.mark.parametrize("method", ["get", "Get", "", "GET POST", "GET\r\n", "G" * 21, "M-SEARCH"])
def test_a_method_that_is_not_in_capitals_is_refused(method):
    with pytest.raises(Ambiguous):
        read("/", method=method)


@pytest.mark.parametrize(
    "host",
    ["", "api.example/admin", "api example", "a..b", ".example", "user@api.example", "api.example:x", "é.example"],
)
def test_a_host_that_is_no_host_name_is_refused(host):
    with pytest.raises(Ambiguous):
        read("/", host=host)


@pytest.mark.parametrize(("host", "name"), [("[::1]:80", "[::1]"), ("api.example.", "api.example"), ("A:1", "a")])
def test_a_port_and_a_dot_at_the_end_do_not_belong_to_the_name(host, name):
    assert read("/", host=host).host == name


SEGMENT = st.text(alphabet="abcXYZ019_~-é日", min_size=1, max_size=6)


@given(st.lists(SEGMENT, min_size=1, max_size=4))
def test_every_plain_path_is_read_as_it_is_meant(segments):
    path = "/" + "/".join(segments)
    assert read(quote(path)).path == path
    assert read(quote(path)).key == key_of(path)


# What programs between a client and an application are known to undo: merged slashes, resolved dots, parameters behind semicolons,
# backslashes for slashes, second decodings, blanks and dots at the end of a name.
def as_read_by_others(raw: str) -> set[str]:
    seen, todo = set(), {raw.partition("?")[0].partition("#")[0]}
    while todo and len(seen) < 400:
        text = todo.pop()
        seen.add(text)
        decoded = re.sub(r"%([0-9A-Fa-f]{2})", lambda m: chr(int(m[1], 16)), text)
        resolved = re.sub(r"/\.(?=/|$)", "", re.sub(r"/[^/]+/\.\.(?=/|$)", "", text))
        others = {
            decoded, resolved, re.sub(r"/+", "/", text), re.sub(r";[^/]*", "", text), text.replace("\\", "/"),
            text.rstrip(". /"), text.partition("?")[0], text.partition("#")[0], text.partition("\x00")[0], text.lower(),
            re.sub(r"/\.\.(?=/|$)", "", text),
        }  # fmt: skip
        todo |= others - seen
    return seen


PIECES = st.sampled_from(
    ["/", "//", "admin", "ADMIN", "%61dmin", "%2561dmin", "open", "..", ".", "%2e%2e", "%2e", ";", ";x", "%2f", "%5c", "\\", "%00",
     "%20", "%", "?", "#", "%252f", "%3b", "%3f", "."]
)  # fmt: skip


# Most of what is drawn is refused at once, so much has to be drawn.
@settings(max_examples=1500)
@given(st.lists(PIECES, min_size=1, max_size=7))
def test_no_accepted_path_is_another_path_to_somebody_else(pieces):
    """Property: whatever program of the above lies behind, it can't reach a place that our reading does not name."""
    raw = "/" + "".join(pieces).lstrip("/")
    try:
        key = read(raw).key
    except Ambiguous:
        return
    # One that is not decoded to the end names nothing that a rule is about.
    for other in (other for other in as_read_by_others(raw) if "%" not in other):
        assert (other.casefold().rstrip("/") or "/") == key, (raw, other)
