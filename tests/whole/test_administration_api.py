"""The administration API of a real server: under Schemathesis, and what it does reaches an API that checks with the library."""

import base64
import json
import re
import subprocess
import time

import httpx2
import pytest
from tests.whole.programs import PROGRAMS, ROOT, eventually
from tests.whole.servers import Server
from tests.whole.wire import Http

from admit import TokenRejected, TokenRevoked, UnknownKey, Verifier
from admit_server.domain.administration import API_SCOPES

SETTINGS = ROOT / "tests" / "whole" / "schemathesis.toml"
# What it does not check: that every value which fits the document is accepted (rules of the domain refuse some, with 422).
LEFT_OUT = "positive_data_acceptance,object_level_authorization"


@pytest.fixture
def server(tmp_path, request):
    database = request.getfixturevalue("pg_empty") if getattr(request, "param", "") == "postgresql" else None
    running = Server(tmp_path / "data", database=database)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def root_token(server):
    server.command("user", "add", "root", "--role", "admin")
    return server.command("token", "issue", "--user", "root", "--resource", "admin")["access_token"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("server", "phases"),
    # Every operation on both; the values at the edges and the walks through states on one, since both get the same text of SQL.
    [("sqlite", "examples,coverage,stateful"), ("postgresql", "examples,fuzzing")],
    indirect=["server"],
)
def test_no_generated_request_finds_a_fault_or_an_answer_that_is_not_described(
    server, phases, root_token, tmp_path, figure
):
    began = time.monotonic()
    # One worker: in Python 3.11 two threads that parse at once may end in a SystemError (python/cpython#106905).
    done = subprocess.run(
        [
            PROGRAMS / "schemathesis", "--config-file", str(SETTINGS), "run", f"{server.url}/api/v1/openapi.json",
            "--header", f"Authorization: Bearer {root_token}", "--checks", "all", "--exclude-checks", LEFT_OUT,
            "--phases", phases, "--max-examples", "4", "--workers", "1", "--seed", "2", "--continue-on-failure", "--no-color",
            "--suppress-health-check", "all",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    tested, cases = re.search(r"Tested: (\d+)", done.stdout), re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert tested is not None
    assert cases is not None
    assert int(tested[1]) >= 50
    assert cases[1] == cases[2]
    # The run was one of somebody who may everything, to its end.
    assert _call(server, root_token, "GET", "/users") == 200
    seconds = time.monotonic() - began
    figure(f"Schemathesis ({phases}): {tested[1]} operations, {cases[1]} cases, none failed, in {seconds:.0f} s")


def test_the_document_names_the_scopes_that_there_are(server):
    with Http(server.url) as http:
        document = http.get("/api/v1/openapi.json").json

    flows = document["components"]["securitySchemes"]["oauth"]["flows"]
    assert flows["authorizationCode"]["scopes"] == API_SCOPES


def test_a_key_that_leaked_opens_nothing_any_more_not_even_where_it_is_cached(server, root_token, figure):
    """Also not a token that a thief makes with it now."""
    person = server.add_user()
    client = server.add_client(name="app")
    asked = ["--user", person.name, "--client", client.id, "--resource", server.demo_api]
    token = server.command("token", "issue", *asked)["access_token"]
    verifier = Verifier(issuer=server.url, audience=server.demo_api)
    verifier.verify(token)
    [kid] = [key["kid"] for key in server.command("key", "list") if (key["alg"], key["state"]) == ("ES256", "active")]
    forged = server.administer(lambda rt: _forged(rt, token))
    verifier.verify(forged)

    began = time.monotonic()
    assert _call(server, root_token, "POST", f"/keys/{kid}/retire") == 200
    for each in (token, forged):
        eventually(lambda each=each: _refusal(verifier, each) in (TokenRevoked, UnknownKey), within_s=5)
    figure(f"retiring a key to refusal by a verifier that has it cached: {1000 * (time.monotonic() - began):.0f} ms")

    fresh = Verifier(issuer=server.url, audience=server.demo_api)
    assert _refusal(fresh, forged) is not None
    later = server.command("token", "issue", *asked)["access_token"]
    # It may have asked for the key of the refused one a moment ago, and asks again after its pause.
    eventually(lambda: _refusal(verifier, later) is None, within_s=5)


async def _forged(rt, token):
    """What a thief makes of a real token with the key that leaked: other ids."""
    part = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    stolen = {"jti": "tok_forged", "grant": "grt_forged", "sub": "usr_forged"}
    return rt.keys.current.sign(claims | stolen, alg="ES256", typ="at+jwt", now=rt.clock())


def _call(server, token, method, path):
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.request(method, f"{server.url}/api/v1{path}", headers=headers).status_code


def _refusal(verifier, token):
    try:
        verifier.verify(token)
    except TokenRejected as error:
        return type(error)
    return None
