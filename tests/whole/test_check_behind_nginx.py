"""Forward authentication as it is run: a real nginx with the how-to's own configuration, a real server, an application that echoes."""

import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.whole.apps import App
from tests.whole.gates import JWT, OPAQUE, Gate, started
from tests.whole.programs import HOST, eventually
from tests.whole.proxies import Nginx, Upstream, reached
from tests.whole.wire import Http

from admit import AssertionMismatch, TokenRejected, WrongType
from admit.limits import groups_of
from admit_server.flows.admin import denials


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    echo = Upstream()
    yield echo
    echo.stop()


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, upstream: Upstream) -> Iterator[Gate]:
    made, stop = started(tmp_path_factory.mktemp("gate"), upstream, Nginx)
    yield made
    stop()


def test_a_good_token_reaches_the_application_as_names_and_a_signed_assertion(gate):
    for resource, path in ((JWT, "/notes?q=1"), (OPAQUE, "/opaque/7")):
        answer = gate.proxy.ask(
            path, gate.issue(resource), X_Auth_Roles="kept: only those of the how-to are taken away"
        )
        headers = reached(answer)
        assert answer.json["path"] == path
        assert headers["x-auth-subject"].startswith("usr_")
        assert headers["x-auth-scopes"] == "notes:read"
        assert "authorization" not in headers
    with gate.verifier() as verifier:
        assertion = reached(gate.proxy.ask("/notes", gate.issue()))["x-auth-assertion"]
        who = verifier.verify_assertion(assertion, method="GET", path="/notes", host="notes.example.com:443")
        assert (who.client_id, who.scopes) == ("notes-app", frozenset({"notes:read"}))
        for method, path in (("POST", "/notes"), ("GET", "/admin")):
            with pytest.raises(AssertionMismatch):
                verifier.verify_assertion(assertion, method=method, path=path)
        with pytest.raises(WrongType):
            verifier.verify(assertion)


def test_a_refusal_reaches_the_client_with_challenge_code_and_id_and_is_explained(gate):
    answer = gate.proxy.ask("/notes")
    assert (answer.status, answer.json["code"]) == (401, "missing_token")
    assert answer.headers["www-authenticate"] == f'Bearer realm="{gate.server.url}"'
    assert answer.headers["content-type"] == "application/problem+json"
    answer = gate.proxy.ask("/admin/x", gate.issue())
    assert (answer.status, answer.json["code"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope", scope="notes:write"' in answer.headers["www-authenticate"]
    explained = gate.server.administer(lambda rt: denials.explain(answer.json["denial_id"], rt=rt)).denial
    assert [(check.name, check.expected) for check in explained.checks if not check.passed] == [
        ("scope", "notes:write")
    ]


def test_bad_tokens_are_refused_each_for_its_reason(gate):
    good, opaque = gate.issue(), gate.issue(OPAQUE)

    async def expired(rt: Any) -> str:
        signed = rt.keys.current.verify(good, types=frozenset({"at+jwt"}), now=rt.clock())
        claims = dict(signed.claims) | {"exp": rt.clock() - 1}
        await rt.store.write(lambda tx: tx.access_tokens._tx.run("UPDATE access_token SET expires_at = 1"))
        token: str = rt.keys.current.sign(claims, alg="ES256", typ="at+jwt", now=rt.clock())
        return token

    over = gate.server.administer(expired)
    assert gate.refusal("/notes", over) == (401, "token_expired")
    assert gate.refusal("/opaque/x", opaque) == (401, "token_expired")
    assert gate.refusal("/notes", good[:-4] + "AAAA") == (401, "malformed_token")
    assert gate.refusal("/opaque/x", good) == (401, "wrong_audience")
    assert gate.refusal("/notes", "adm_at_" + "x" * 49) == (401, "malformed_token")
    gate.server.command("token", "revoke", "--issuer", gate.server.url, given=good)
    assert gate.refusal("/notes", good) == (401, "token_revoked")


@pytest.mark.parametrize(("client", "path"), [("notes-app", "/notes"), ("opaque-app", "/opaque/x")])
def test_logout_bites_at_the_very_next_request(gate, client, path, figure):
    app = App(gate.server, client_id=client, scope="openid notes:read")
    ticket = app.sign_in(gate.person)
    assert gate.proxy.ask(path, ticket.access).status == 200
    assert ticket.id_token is not None
    app.log_out(ticket.id_token)
    began = time.monotonic()
    assert gate.refusal(path, ticket.access) == (401, "session_ended")
    figure(f"logout to refusal behind nginx ({client}): {1000 * (time.monotonic() - began):.0f} ms, the first request")
    app.close()


def test_actions_networks_and_hours_of_a_token_are_kept(gate):
    action = gate.issue(OPAQUE, actions=groups_of(["GET /opaque/*"]))
    assert gate.proxy.ask("/opaque/7", action).status == 200
    assert gate.refusal("/opaque/7", action, method="DELETE") == (401, "action_not_allowed")
    assert gate.refusal("/opaque/7/8", action) == (401, "action_not_allowed")
    here, elsewhere = (
        gate.issue(OPAQUE, networks=groups_of([HOST])),
        gate.issue(OPAQUE, networks=groups_of(["192.0.2.0/24"])),
    )
    assert gate.proxy.ask("/opaque/7", here).status == 200
    assert gate.refusal("/opaque/7", elsewhere) == (401, "network_not_allowed")
    assert gate.refusal("/opaque/7", elsewhere, X_Forwarded_For="192.0.2.1") == (401, "network_not_allowed")
    minute, day = time.gmtime().tm_min, ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[time.gmtime().tm_wday - 3]
    never = gate.issue(OPAQUE, hours=groups_of([f"{day} 00:{minute:02}-00:{minute + 1:02} UTC"]))
    assert gate.refusal("/opaque/7", never) == (401, "hour_not_allowed")


def test_of_50_at_once_a_3_use_token_lets_exactly_3_through(engine, tmp_path, upstream, figure):
    gate, stop = started(tmp_path, upstream, Nginx, database=engine)
    try:
        token = gate.issue(OPAQUE, max_uses=3)
        began = time.monotonic()
        with ThreadPoolExecutor(50) as threads:
            answers = list(threads.map(lambda _: gate.proxy.ask("/once/7", token), range(50)))
        seconds = time.monotonic() - began
        tally = Counter(answer.status if answer.status == 200 else answer.json["code"] for answer in answers)
        assert tally == {200: 3, "uses_exhausted": 47}
        assert all("x-auth-assertion" in reached(answer) for answer in answers if answer.status == 200)
        figure(f"50 parallel uses of a 3-use token through nginx: {dict(tally)} in {seconds:.2f} s")
    finally:
        stop()


def test_where_nobody_would_count_a_counted_token_does_not_pass(gate):
    token = gate.issue(OPAQUE, max_uses=1)
    assert gate.refusal("/opaque/7", token) == (401, "limits_not_enforceable")
    assert gate.proxy.ask("/once/7", token).status == 200


def test_forged_names_and_assertions_are_taken_away(gate):
    forged = {f"X_Auth_{name}": "forged" for name in ("Subject", "Client", "Scopes", "Session", "Grant", "Assertion")}
    token = gate.issue()
    assert "forged" not in str(reached(gate.proxy.ask("/notes", token, **forged)))
    # A public rule names nobody, so nothing stands there at all.
    assert not [name for name in reached(gate.proxy.ask("/assets/x", token, **forged)) if name.startswith("x-auth")]
    assert gate.refusal("/notes", **forged) == (401, "missing_token")


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
    assert [gate.proxy.ask("/once/7", token, **said).status for _ in range(2)] == [200, 401]


def test_a_configuration_that_forgets_to_take_headers_away_opens_nothing_to_who_checks_assertions(
    gate, tmp_path, upstream
):
    def forgetful(text: str) -> str:
        return "\n".join(line for line in text.splitlines() if not line.strip().startswith("proxy_set_header X-Auth-"))

    nginx = Nginx(tmp_path / "forgetful", gate.server, upstream, changed=forgetful)
    try:
        stolen = reached(gate.proxy.ask("/notes", gate.issue()))["x-auth-assertion"]
        headers = reached(nginx.ask("/assets/x", X_Auth_Subject="usr_forged", X_Auth_Assertion=stolen))
        assert headers["x-auth-subject"] == "usr_forged"  # a bare name is believed by who believes it
        with gate.verifier() as verifier, pytest.raises(TokenRejected):
            verifier.verify_assertion(
                headers["x-auth-assertion"], method="GET", path="/assets/x", host="notes.example.com"
            )
    finally:
        nginx.stop()


@pytest.mark.parametrize("line", ["X-Original-Method", "X-Original-Host", "X-Original-URI", "X-Original-Id"])
def test_a_forgotten_line_of_the_configuration_fails_for_everybody(gate, tmp_path, upstream, line):
    def forgetful(text: str) -> str:
        return "\n".join(each for each in text.splitlines() if f"proxy_set_header {line} " not in each)

    nginx = Nginx(tmp_path / "forgetful", gate.server, upstream, changed=forgetful)
    try:
        assert nginx.ask("/assets/x").status == 500
        assert nginx.ask("/notes", gate.issue()).status == 500
    finally:
        nginx.stop()


TRICKY = [
    "/admin", "/admin/", "/ADMIN/x", "/%61dmin/x", "/x/../admin/x", "/./admin/x", "//admin/x", "/admin//x", "/admin;x/y", "/admin%2fx",
    "/admin%2Fx", "/%2561dmin/x", "/%2e/admin", "/x/%2e%2e/admin", "/x%5c..%5cadmin", "/x\\..\\admin", "/admin%00", "/admin%00.css",
    "/admin.", "/admin%20", "/x/..;/admin", "/admin?x=/assets/y", "/admin#/assets", "/assets/../admin", "/assets/%2e%2e/admin",
    "/assets/..%2fadmin", "/assets/..%5cadmin", "/assets/%252e%252e/admin", "/%C0%AE%C0%AE/admin", "/admin%3b/x", "/admin/%2e",
    "/admin%c2%a0", "/%EF%BC%8E%EF%BC%8E/admin", "http://open.example.com/admin", "/admin%3Fx", "/x//..//admin",
]  # fmt: skip


@pytest.mark.parametrize("path", TRICKY)
def test_no_way_of_writing_a_forbidden_path_passes_by_a_wider_public_rule(gate, path):
    """Written to the socket as it is, because no client library would."""
    with socket.create_connection((HOST, gate.proxy.port), timeout=20) as wire:
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: open.example.com\r\nConnection: close\r\n\r\n".encode())
        head = b""
        while piece := wire.recv(65_536):
            head += piece
    assert int(head.split(b" ", 2)[1]) in (400, 401, 403), head[:200]


def test_other_paths_of_that_host_are_public(gate):
    assert reached(gate.proxy.ask("/x", Host="open.example.com"))["host"] == "open.example.com"


def test_a_client_can_not_choose_whose_rules_decide_by_naming_another_host(gate):
    """No block of nginx has that name, so the first one answers: its own rules decide."""
    assert gate.refusal("/notes", Host="elsewhere.example.com") == (401, "missing_token")
    headers = reached(gate.proxy.ask("/notes", gate.issue(), Host="elsewhere.example.com"))
    assert headers["host"] == "notes.example.com"


def test_nobody_else_may_ask(gate):
    """Neither past the proxy, from an address that is not trusted, nor through the proxy in front of Admit itself."""
    told = {
        "X_Original_URI": "/assets/x",
        "X_Original_Method": "GET",
        "X_Original_Host": "a",
        "X_Original_Id": "0" * 32,
    }
    with Http(gate.server.url) as trusted:
        assert trusted.get("/check", **told).status == 200
    with socket.create_connection((HOST, gate.server.port), source_address=("127.0.0.2", 0)) as wire:
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in told.items())
        wire.sendall(f"GET /check HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n".encode())
        answer = b""
        while piece := wire.recv(65_536):
            answer += piece
    assert b"403" in answer.splitlines()[0]
    assert b'"proxy_not_trusted"' in answer
    for path in ("/check", "/check/assets/x"):
        assert gate.proxy.ask(path, url=gate.proxy.front, **told).status == 404
    assert gate.proxy.ask("/livez", url=gate.proxy.front).status == 200


def test_nginx_asks_on_a_kept_connection(gate):
    def connections() -> set[str]:
        """Local ports of established connections to Admit, by the kernel's table."""
        wanted, found = f":{gate.server.port:04X}", set()
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, remote, state, *_ = line.split()
            if remote.endswith(wanted) and state == "01":
                found.add(local)
        return found

    token = gate.issue()
    assert gate.proxy.ask("/notes", token).status == 200
    before = connections()
    assert before
    for _ in range(30):
        assert gate.proxy.ask("/notes", token).status == 200
    assert connections() <= before


def test_a_body_reaches_the_application_and_not_admit(gate):
    token = gate.issue()
    answer = gate.proxy.ask("/notes", token, method="POST", body=b"x" * 200_000)
    assert reached(answer)["content-length"] == "200000"


def test_when_admit_is_down_nothing_passes_not_even_what_is_public(tmp_path, upstream):
    gate, stop = started(tmp_path, upstream, Nginx)
    try:
        token = gate.issue()
        assert gate.proxy.ask("/notes", token).status == 200
        gate.server.kill()
        for path, shown in (("/notes", token), ("/notes", None), ("/assets/x", None)):
            assert gate.proxy.ask(path, shown).status == 500
        gate.server.program = None
    finally:
        stop()


def test_a_rule_that_is_taken_away_holds_within_a_second(gate):
    made = gate.server.command("rule", "add", "--path", "/for-now/**", "--public")
    eventually(lambda: gate.proxy.ask("/for-now/x").status == 200, within_s=1.0, what="the rule")
    gate.server.command("rule", "delete", made["id"])
    eventually(lambda: gate.proxy.ask("/for-now/x").status == 401, within_s=1.0, what="its end")
