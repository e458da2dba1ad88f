"""From a refusal at an API to its explanation at the server, with a real server between them."""

import json
import subprocess
import time

import pytest
from tests.whole.programs import PROGRAMS, eventually
from tests.whole.servers import BY_TESTS, Server

from admit import TokenRejected, Verifier
from admit.limits import Attempt
from admit_server.flows.admin import clients, resources

AUDIENCE = "https://notes.example"
HERE = Attempt(method="GET", path="/notes", address="192.0.2.4")


def add_resource(server: Server, *, token_format: str = "jwt") -> dict[str, str]:
    """A resource with credentials, and an app that may have tokens for it."""

    async def add(rt):
        api = await clients.add(clients.NewClient(name="Notes API", client_id="notes-api"), rt=rt, caller=BY_TESTS)
        new = resources.NewResource(audience=AUDIENCE, scopes={"read": "Read"}, format=token_format, client="notes-api")
        await resources.add(new, rt=rt, caller=BY_TESTS)
        app = clients.NewClient(name="Notes", client_id="notes", kind="public", audiences=(AUDIENCE,))
        await clients.add(app, rt=rt, caller=BY_TESTS)
        return {"client_id": "notes-api", "client_secret": api.secret}

    return server.administer(add)


def token_of(server: Server) -> str:
    issued = server.command("token", "issue", "--user", "demo", "--client", "notes", "--resource", AUDIENCE)
    return issued["access_token"]


def refusal_of(verifier: Verifier, token: str) -> TokenRejected:
    with pytest.raises(TokenRejected) as caught:
        verifier.verify(token, HERE)
    return caught.value


def explained(server: Server, number: str | None, *, within_s: float = 20) -> dict:
    def ask():
        where = ["--data", str(server.data)] + (["--database", server.database] if server.database else [])
        done = subprocess.run(
            [PROGRAMS / "admit", "explain", str(number), "--json", *where],
            capture_output=True,
            text=True,
            check=False,
        )
        return json.loads(done.stdout) if done.returncode == 0 else None

    return eventually(ask, within_s=within_s, what=f"the explanation of {number}")


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
def test_what_an_api_refuses_the_administrator_can_have_explained(engine, serve, token_format, figure):
    server = serve(database=engine)
    credentials = add_resource(server, token_format=token_format)
    with Verifier(issuer=server.url, audience=AUDIENCE, **credentials) as verifier:
        token = token_of(server)
        assert verifier.verify(token, HERE).client_id == "notes"
        server.command("token", "revoke", given=token)
        eventually(lambda: _is_refused(verifier, token), within_s=10, what="the refusal")

        began = time.monotonic()
        refusal = refusal_of(verifier, token)
        found = explained(server, refusal.denial_id)
        figure(f"{token_format}: refusal to explanation {time.monotonic() - began:.1f} s")

    assert found["code"] == "token_revoked"
    assert (found["client_id"], found["username"], found["resource"]) == ("notes", "demo", AUDIENCE)
    failed = [check for check in found["checks"] if not check["passed"]]
    assert [check["name"] for check in failed] == ["revocation" if token_format == "jwt" else "token is not revoked"]
    assert found["source"] == ("library" if token_format == "jwt" else "server")
    assert token not in json.dumps(found)
    assert set(refusal.problem()) == {"type", "title", "status", "code", "denial_id"}


def test_a_server_that_was_down_is_told_what_happened_meanwhile(engine, serve):
    server = serve(database=engine)
    credentials = add_resource(server)
    with Verifier(issuer=server.url, audience=AUDIENCE, **credentials) as verifier:
        token = token_of(server)
        verifier.verify(token, HERE)
        server.kill()

        began = time.monotonic()
        refusals = [refusal_of(verifier, f"{token[:-4]}AAAA") for _ in range(5)]
        assert time.monotonic() - began < 1, "no request waits for a server that is away"
        assert len({refusal.denial_id for refusal in refusals}) == 5
        server.start()

        for refusal in refusals:
            found = explained(server, refusal.denial_id, within_s=60)
            assert (found["code"], found["endpoint"], found["network"]) == ("bad_signature", "GET /notes", "192.0.2.4")
            assert found["reported_by"] == "notes-api"


def test_wrong_credentials_promise_nothing(serve):
    server = serve()
    credentials = add_resource(server) | {"client_secret": "wrong"}
    with Verifier(issuer=server.url, audience=AUDIENCE, **credentials) as verifier:
        verifier.verify(token_of(server), HERE)
        eventually(lambda: refusal_of(verifier, "nonsense").denial_id is None, within_s=10, what="no more promises")


def _is_refused(verifier: Verifier, token: str) -> bool:
    try:
        verifier.verify(token, HERE)
    except TokenRejected:
        return True
    return False
