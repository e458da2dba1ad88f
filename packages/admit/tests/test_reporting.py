"""Refusals are reported beside the requests: bounded, in batches, and never in their way."""

import json
import os
import threading
import time

import pytest

from admit import InsufficientScope, TokenRejected, Verifier
from admit.jose import sign
from admit.limits import Attempt
from admit.reporting import MOST_WAITING, denial_id

HANDLES = {"grant": "grt_" + "a" * 22, "jti": "tok_" + "b" * 22, "sid": "ses_" + "c" * 22}


def in_child(work):
    """Run `work` in a forked child; True if it returned True there."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if work() else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


class Desk:
    """Takes reports, or misbehaves as it is told."""

    def __init__(self, server):
        self.status, self.batches, self.headers = 200, [], []
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Event()
        server.metadata["denials_endpoint"] = f"{server.url}/denials"
        server.routes["/denials"] = self

    def __call__(self, handler):
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        self.arrived.set()
        self.gate.wait(10)
        if self.status == 200:
            self.batches.append(body)
            self.headers.append(handler.headers)
            handler.answer(200, json.dumps([report["id"] for report in body]).encode())
        else:
            handler.answer(self.status, b"{}")

    @property
    def reports(self):
        return [report for batch in self.batches for report in batch]


@pytest.fixture
def desk(server):
    return Desk(server)


@pytest.fixture
def verifier(server, audience, desk, monkeypatch):
    monkeypatch.setattr("admit.reporting.PERIOD_S", 0.02)
    with Verifier(
        issuer=server.url, audience=audience, revocations=None, client_id="api", client_secret="s"
    ) as verifier:
        verifier.verify(server.token())
        yield verifier


def token_of(server, audience, **claims):
    now = time.time()
    good = {"iss": server.url, "sub": "alice", "aud": audience, "exp": now + 60, "iat": now, "client_id": "app"}
    return sign(good | {"scope": "read"} | HANDLES | claims, server.keys[0], typ="at+jwt")


def refuse(verifier, token, attempt=None):
    with pytest.raises(TokenRejected) as caught:
        verifier.verify(token, *([attempt] if attempt else []))
    return caught.value


def test_a_refusal_has_an_id_and_reaches_the_server_under_it(verifier, server, desk, audience, eventually):
    token = token_of(server, audience, exp=1000)
    refusal = refuse(verifier, token, Attempt(method="GET", path="/items/7", address="192.0.2.4"))

    assert refusal.problem()["denial_id"] == refusal.denial_id
    eventually(lambda: desk.reports)
    (report,) = desk.reports
    assert report["id"] == refusal.denial_id
    assert (report["code"], report["resource"], report["endpoint"], report["network"]) == (
        "token_expired",
        audience,
        "GET /items/7",
        "192.0.2.4",
    )
    assert {name: report[name] for name in HANDLES} == HANDLES
    assert (report["checks"][-1]["name"], report["checks"][-1]["passed"]) == ("end", False)
    assert token.split(".")[1] not in json.dumps(report)


def test_nothing_of_a_token_is_believed_whose_signature_is_bad(verifier, server, audience, desk, eventually):
    head, payload, _ = token_of(server, audience).split(".")
    refuse(verifier, f"{head}.{payload}.{'A' * 86}")

    eventually(lambda: desk.reports)
    assert not HANDLES.keys() & desk.reports[0].keys()


def test_handles_of_other_issuers_are_left_out(verifier, server, audience, desk, eventually):
    refuse(verifier, token_of(server, audience, exp=1000, grant="42", sid="x" * 500))

    eventually(lambda: desk.reports)
    assert not HANDLES.keys() & desk.reports[0].keys()


def test_a_missing_scope_is_reported_with_the_token_it_was_missed_on(verifier, server, audience, desk, eventually):
    who = verifier.verify(token_of(server, audience))
    with pytest.raises(InsufficientScope) as caught:
        who.require("write")

    eventually(lambda: desk.reports)
    assert (desk.reports[0]["id"], desk.reports[0]["grant"]) == (caught.value.denial_id, HANDLES["grant"])
    assert desk.reports[0]["checks"][-1] == {"name": "scope", "expected": "write", "found": "read", "passed": False}


def test_many_go_in_batches_of_a_hundred(verifier, desk, eventually):
    desk.gate.clear()
    refuse(verifier, "first")
    desk.arrived.wait(5)
    for _ in range(250):
        refuse(verifier, "nonsense")
    desk.gate.set()

    eventually(lambda: len(desk.reports) == 251)
    assert [len(batch) for batch in desk.batches] == [1, 100, 100, 50]
    assert len({report["id"] for report in desk.reports}) == 251


def test_a_full_queue_promises_nothing_and_delays_nobody(verifier, desk):
    desk.gate.clear()
    refuse(verifier, "first")
    desk.arrived.wait(5)
    began = time.monotonic()
    refusals = [refuse(verifier, "nonsense") for _ in range(MOST_WAITING + 50)]

    assert time.monotonic() - began < 2
    assert sum(refusal.denial_id is not None for refusal in refusals) == MOST_WAITING
    assert refusals[-1].denial_id is None
    assert "denial_id" not in refusals[-1].problem()
    desk.gate.set()


def test_a_server_that_is_down_gets_them_when_it_is_back(verifier, desk, eventually):
    desk.status = 503
    refusal = refuse(verifier, "nonsense")
    desk.arrived.wait(5)
    time.sleep(0.05)
    assert desk.reports == []
    desk.status = 200

    eventually(lambda: desk.reports)
    assert [report["id"] for report in desk.reports] == [refusal.denial_id]


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_server_that_takes_no_reports_is_promised_none(verifier, desk, status, eventually, caplog):
    desk.status = status
    refuse(verifier, "nonsense")
    eventually(lambda: "takes no reports" in caplog.text)

    assert refuse(verifier, "nonsense").denial_id is None


def test_an_issuer_without_such_an_endpoint_is_not_asked(server, audience):
    with Verifier(
        issuer=server.url, audience=audience, revocations=None, client_id="api", client_secret="s"
    ) as verifier:
        verifier.verify(server.token())
        refusal = refuse(verifier, "nonsense")

    assert refusal.denial_id is None
    assert server.requests["/denials"] == 0


def test_without_credentials_nothing_is_reported(server, audience, desk):
    with Verifier(issuer=server.url, audience=audience, revocations=None) as verifier:
        refusal = refuse(verifier, "nonsense")

    assert refusal.denial_id is None
    assert refusal.checks
    assert desk.reports == []


def test_closing_sends_what_waits(verifier, desk, monkeypatch):
    monkeypatch.setattr("admit.reporting.PERIOD_S", 60)
    refusal = refuse(verifier, "nonsense")
    verifier.close()

    assert [report["id"] for report in desk.reports] == [refusal.denial_id]
    assert refuse(verifier, "nonsense").denial_id is not None, "and it begins again"


def test_no_thread_stays_when_nothing_waits(verifier, desk, eventually):
    refuse(verifier, "nonsense")
    eventually(lambda: desk.reports)
    eventually(lambda: not any(thread.name == "admit-denials" for thread in threading.enumerate()))


def test_a_child_reports_its_own_and_not_its_parents(verifier, desk, eventually, monkeypatch):
    monkeypatch.setattr("admit.reporting.PERIOD_S", 0.2)
    mine = refuse(verifier, "nonsense")

    def work():
        refuse(verifier, "nonsense")
        verifier.close()
        return True

    assert in_child(work)
    eventually(lambda: len(desk.reports) == 2)
    ids = [report["id"] for report in desk.reports]
    assert mine.denial_id in ids
    assert len(set(ids)) == 2


def test_the_end_of_the_program_sends_what_waits(server, audience, desk, tmp_path):
    import subprocess
    import sys

    program = (
        "from admit import Verifier, TokenRejected\n"
        f"v = Verifier(issuer={server.url!r}, audience={audience!r}, revocations=None, client_id='api', client_secret='s')\n"
        "try:\n    v.verify('nonsense')\nexcept TokenRejected as refusal:\n    print(refusal.denial_id)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=dict(os.environ)
    )

    assert [report["id"] for report in desk.reports] == [done.stdout.strip()]
    assert done.stderr == ""


def test_an_id_is_written_as_the_server_writes_its_own():
    ids = {denial_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(one) == 26 and one.startswith("den_") and one[4:].isalnum() for one in ids)
