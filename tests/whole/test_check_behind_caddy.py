"""Forward authentication behind a real Caddy, by the how-to's own configuration: headers of the other convention."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.whole.gates import OPAQUE, Gate, started
from tests.whole.proxies import Caddy, Upstream, ask, reached

from admit.limits import groups_of


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    echo = Upstream()
    yield echo
    echo.stop()


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, upstream: Upstream) -> Iterator[Gate]:
    made, stop = started(tmp_path_factory.mktemp("gate"), upstream, Caddy)
    yield made
    stop()


def test_a_good_token_reaches_the_application_as_names_and_a_signed_assertion(gate):
    answer = ask(gate.proxy.url, "/notes/a%20b?q=1", gate.issue(), method="POST", body=b"hello")
    headers = reached(answer)
    assert (answer.json["method"], answer.json["path"]) == ("POST", "/notes/a%20b?q=1")
    assert headers["x-auth-scopes"] == "notes:read"
    assert "authorization" not in headers
    with gate.verifier() as verifier:
        who = verifier.verify_assertion(
            headers["x-auth-assertion"], method="POST", path="/notes/a b", host=headers["host"]
        )
    assert who.client_id == "notes-app"


def test_a_refusal_reaches_the_client_as_it_was_written(gate):
    answer = ask(gate.proxy.url, "/admin/x", gate.issue())
    assert (answer.status, answer.json["code"]) == (403, "insufficient_scope")
    assert 'scope="notes:write"' in answer.headers["www-authenticate"]
    assert gate.refusal("/notes") == (401, "missing_token")


def test_forged_names_are_taken_away(gate):
    forged = {f"X_Auth_{name}": "forged" for name in ("Subject", "Client", "Scopes", "Session", "Grant", "Assertion")}
    assert "forged" not in str(reached(ask(gate.proxy.url, "/notes", gate.issue(), **forged)))
    assert "forged" not in str(reached(ask(gate.proxy.url, "/assets/x", **forged)))


def test_what_a_client_says_in_the_proxys_name_changes_nothing(gate):
    said = {
        "X_Original_URI": "/assets/x",
        "X_Original_Method": "GET",
        "X_Original_Host": "open.example.com",
        "X_Original_Id": "0" * 32,
        "X_Forwarded_Uri": "/assets/x",
        "X_Forwarded_Method": "GET",
        "X_Forwarded_Host": "open.example.com",
    }
    assert gate.refusal("/notes", **said) == (401, "missing_token")
    token = gate.issue(OPAQUE, max_uses=1)
    assert [ask(gate.proxy.url, "/once/7", token, **said).status for _ in range(2)] == [200, 401]
    elsewhere = gate.issue(OPAQUE, networks=groups_of(["192.0.2.0/24"]))
    assert gate.refusal("/opaque/7", elsewhere, X_Forwarded_For="192.0.2.1") == (401, "network_not_allowed")


def test_of_50_at_once_a_3_use_token_lets_exactly_3_through(gate, figure):
    token = gate.issue(OPAQUE, max_uses=3)
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: ask(gate.proxy.url, "/once/7", token), range(50)))
    tally = Counter(answer.status if answer.status == 200 else answer.json["code"] for answer in answers)
    assert tally == {200: 3, "uses_exhausted": 47}
    figure(f"50 parallel uses of a 3-use token through Caddy: {dict(tally)}")


@pytest.mark.parametrize(
    "path",
    [
        "/admin/x",
        "/ADMIN/x",
        "/%61dmin/x",
        "/x/../admin/x",
        "//admin/x",
        "/admin;x/y",
        "/admin%2fx",
        "/x/%2e%2e/admin/x",
    ],
)
def test_no_way_of_writing_a_forbidden_path_passes_by_a_wider_public_rule(gate, path):
    answer = ask(gate.proxy.url, path, Host=f"open.example.com:{gate.proxy.port}")
    assert answer.status in (401, 403), (answer.status, answer.body)
