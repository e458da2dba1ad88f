import asyncio
import base64
import threading
import time
from urllib.parse import parse_qs

import pytest

from admit import (
    LimitsNotEnforceable,
    MalformedToken,
    TokenExpired,
    TokenInactive,
    Verifier,
    VerifierMisconfigured,
    VerifierUnavailable,
    WrongAudience,
    WrongIssuer,
)
from admit.opaque import checksum

BODY = "adm_at_" + "Zk" * 21 + "7"
TOKEN = BODY + checksum(BODY)


class Endpoint:
    """Answers what it is told, and remembers what it was asked."""

    def __init__(self, server, audience):
        self.document = {
            "active": True,
            "sub": "alice",
            "scope": "read write",
            "client_id": "app",
            "username": "alice@example",
            "token_type": "Bearer",
            "exp": time.time() + 300,
            "iat": time.time(),
            "aud": audience,
            "iss": server.url,
            "jti": "t1",
            "sid": "ses_1",
            "grant": "grt_1",
            "auth_time": time.time(),
            "acr": "silver",
            "amr": ["pwd"],
        }
        self.status = 200
        self.asked = []
        server.metadata["introspection_endpoint"] = f"{server.url}/introspect"
        server.routes["/introspect"] = self

    def __call__(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.asked.append((handler.command, handler.headers, parse_qs(body.decode())))
        if self.status == 200:
            handler.answer_json(self.document)
        else:
            handler.answer(self.status, b"{}")


@pytest.fixture
def endpoint(server, audience):
    return Endpoint(server, audience)


@pytest.fixture
def verifier(server, audience, endpoint):
    with Verifier(issuer=server.url, audience=audience, client_id="cli:ö", client_secret="s e+c%") as verifier:
        yield verifier


def test_the_server_says_whose_an_opaque_token_is(verifier):
    who = verifier.verify(TOKEN)

    assert (who.subject, who.scopes, who.client_id, who.session_id) == ("alice", {"read", "write"}, "app", "ses_1")
    assert (who.acr, who.amr, who.claims["username"]) == ("silver", ("pwd",), "alice@example")


def test_it_says_so_without_blocking_the_event_loop(verifier, server, endpoint):
    release = threading.Event()
    server.routes["/introspect"] = lambda h: (release.wait(5), endpoint(h))

    async def scenario():
        asking = [asyncio.create_task(verifier.verify_async(TOKEN)) for _ in range(5)]
        began = time.monotonic()
        await asyncio.sleep(0.05)
        late_s = time.monotonic() - began - 0.05
        release.set()
        return late_s, await asyncio.gather(*asking)

    late_s, answers = asyncio.run(scenario())

    assert late_s < 0.2
    assert [who.subject for who in answers] == ["alice"] * 5


def test_the_resource_shows_its_credentials_form_encoded(verifier, endpoint):
    """RFC 6749 section 2.3.1: encoded first, joined by the colon then."""
    verifier.verify(TOKEN)

    (method, headers, form) = endpoint.asked[0]
    assert method == "POST"
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"cli%3A%C3%B6:s+e%2Bc%25"
    assert (form["token"], form["token_type_hint"]) == ([TOKEN], ["access_token"])


def test_a_typing_error_is_noticed_before_anybody_is_asked(verifier, server):
    with pytest.raises(MalformedToken, match="checksum"):
        verifier.verify(TOKEN[:-1] + ("0" if TOKEN[-1] != "0" else "1"))

    assert server.requests == {}


@pytest.mark.parametrize("active", [False, None, "true", 1])
def test_only_an_active_token_is_good(verifier, endpoint, active):
    endpoint.document["active"] = active

    with pytest.raises(TokenInactive) as caught:
        verifier.verify(TOKEN)

    assert (caught.value.code, caught.value.status) == ("token_inactive", 401)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"aud": "https://other.example"}, WrongAudience),
        ({"iss": "https://other.example"}, WrongIssuer),
        ({"exp": 1000}, TokenExpired),
        ({"sub": 5}, MalformedToken),
        ({"limits": {"networks": ["10.0.0.0/8"]}}, LimitsNotEnforceable),
    ],
    ids=str,
)
def test_an_active_token_is_still_checked(verifier, endpoint, changes, refusal):
    endpoint.document |= changes

    with pytest.raises(refusal):
        verifier.verify(TOKEN)


def test_an_answer_without_audience_opens_nothing(verifier, endpoint):
    del endpoint.document["aud"]

    with pytest.raises(MalformedToken, match="aud"):
        verifier.verify(TOKEN)


@pytest.mark.parametrize("status", [429, 500, 503, 302, 204])
def test_no_answer_is_503(verifier, endpoint, status):
    endpoint.status = status

    with pytest.raises(VerifierUnavailable):
        verifier.verify(TOKEN)


def test_a_server_that_is_gone_is_503(verifier, server):
    server.stop()

    with pytest.raises(VerifierUnavailable):
        verifier.verify(TOKEN)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_wrong_credentials_are_a_mistake_in_the_set_up(verifier, endpoint, status):
    endpoint.status = status

    with pytest.raises(VerifierMisconfigured, match="client_secret"):
        verifier.verify(TOKEN)


def test_a_server_that_does_not_introspect_is_a_mistake_in_the_set_up(verifier, server):
    del server.metadata["introspection_endpoint"]

    with pytest.raises(VerifierMisconfigured, match="introspection_endpoint"):
        verifier.verify(TOKEN)


def test_an_answer_is_not_kept(verifier, endpoint):
    verifier.verify(TOKEN)
    endpoint.document["active"] = False

    with pytest.raises(TokenInactive):
        verifier.verify(TOKEN)


def test_jwts_are_still_checked_here(verifier, server, endpoint):
    assert verifier.verify(server.token("bob")).subject == "bob"
    assert endpoint.asked == []
