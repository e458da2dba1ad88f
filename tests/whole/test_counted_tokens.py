"""Tokens whose uses are counted, redeemed over HTTP by the credentials of their resource: never one use too many."""

import http.client
import random
import secrets
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.whole.servers import BY_TESTS
from tests.whole.wire import Http, posted_at_once, read

from admit import (
    ActionNotAllowed,
    Attempt,
    LimitsNotEnforceable,
    TokenInactive,
    TokenRejected,
    TokenRevoked,
    UsesExhausted,
    Verifier,
)
from admit.fastapi import Principal, TokenAuth
from admit.limits import groups_of
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import clients, leaving, resources, sessions, tokens, users

USES = 10
KILLS = 3


@dataclass(frozen=True)
class Api:
    """A resource of the tests' own, and the credentials by which it asks."""

    server: Any
    audience: str
    app_id: str
    client_id: str
    secret: str = field(repr=False)

    def form(self, token: str, use_id: str | None = None, **told: str) -> dict[str, str]:
        asked = {"token": token, "client_id": self.client_id, "client_secret": self.secret, "enforces": "limits"}
        return asked | ({"use_id": use_id} if use_id else {}) | told

    def redeem(self, token: str, use_id: str | None = None) -> dict[str, Any]:
        with Http(self.server.url) as http:
            answer = http.post("/introspect", self.form(token, use_id))
        assert answer.status == 200, answer.body
        document: dict[str, Any] = answer.json
        return document

    def issue(self, **limits: Any) -> str:
        """A token by an administrator's hand."""
        app = f"app of {self.audience}"
        new = tokens.NewToken(user="demo", client=app, resource=self.audience, limits=TokenPolicy(**limits))
        issued = self.server.administer(lambda rt: tokens.issue(new, rt=rt, caller=BY_TESTS))
        token: str = issued.tokens.access_token
        return token

    def verifier(self, **options: Any) -> Verifier:
        given = {"client_id": self.client_id, "client_secret": self.secret} | options
        return Verifier(issuer=self.server.url, audience=self.audience, **given)


@pytest.fixture
def api_of():
    def make(server, *, verifier=None, policy=None) -> Api:
        audience = f"https://api-{secrets.token_hex(4)}.example"

        async def add(rt):
            reader = clients.NewClient(name=f"api of {audience}", grant_types=frozenset())
            added = await clients.add(reader, rt=rt, caller=BY_TESTS)
            scopes = {"notes:read": "Read", "notes:write": "Write"}
            new = resources.NewResource(audience=audience, scopes=scopes, client=added.client.id, verifier=verifier)
            await resources.add(new, rt=rt, caller=BY_TESTS)
            return added

        added = server.administer(add)
        app = server.add_client(name=f"app of {audience}", audiences=(audience,), first_party=True, policy=policy)
        return Api(server, audience, app.id, added.client.id, added.secret)

    return make


@pytest.mark.parametrize("callers", [64, 1000])
def test_of_many_parallel_uses_of_a_10_use_token_exactly_10_succeed(engine, serve, api_of, figure, callers):
    server = serve(database=engine)
    api = api_of(server)
    token = api.issue(max_uses=USES)
    use_ids = [secrets.token_hex(16) for _ in range(callers)]
    began = time.monotonic()
    with posted_at_once(server.url, "/introspect", [api.form(token, use_id) for use_id in use_ids]) as connections:
        answers = [read(connection) for connection in connections]
    seconds = time.monotonic() - began

    assert {answer.status for answer in answers} == {200}
    tally = Counter(answer.json.get("code", "active") for answer in answers)
    assert tally == {"active": USES, "uses_exhausted": callers - USES}
    # A repeat gets the first answer, whichever it was, and is no use.
    for use_id, answer in list(zip(use_ids, answers, strict=True))[:: callers // 32]:
        assert api.redeem(token, use_id)["active"] is answer.json["active"]
    winner = next(use_id for use_id, answer in zip(use_ids, answers, strict=True) if answer.json["active"])
    assert api.redeem(token, winner)["active"] is True
    figure(f"{callers} parallel uses of a {USES}-use token: {dict(tally)} in {seconds:.1f} s")


def test_64_repeats_of_one_use_at_once_are_one_use(engine, serve, api_of):
    server = serve(database=engine)
    api = api_of(server)
    token = api.issue(max_uses=2)
    with posted_at_once(server.url, "/introspect", [api.form(token, "the-very-same-use")] * 64) as connections:
        answers = [read(connection) for connection in connections]

    assert {answer.json["active"] for answer in answers} == {True}
    assert [api.redeem(token)["active"] for _ in range(2)] == [True, False]


@pytest.mark.timeout(240)
def test_killed_in_between_a_10_use_token_still_has_10_uses(engine, serve, api_of, figure):
    """Those whose answer was lost, on its way or with the server, ask again with the same use id, as the library does."""
    server = serve(database=engine)
    api = api_of(server)
    lost_in_all, found_again = 0, 0
    for _ in range(KILLS):
        token = api.issue(max_uses=USES)
        use_ids = [secrets.token_hex(16) for _ in range(64)]
        granted: set[str] = set()
        unanswered: list[str] = []
        with posted_at_once(server.url, "/introspect", [api.form(token, use_id) for use_id in use_ids]) as connections:
            enough = random.randrange(1, 3 * USES)
            for number, (use_id, connection) in enumerate(zip(use_ids, connections, strict=True)):
                if number == enough:
                    server.kill()
                try:
                    answer = read(connection).json
                except (OSError, http.client.HTTPException):
                    unanswered.append(use_id)
                    continue
                if random.random() < 0.5:
                    unanswered.append(use_id)  # the server answered, but nobody heard it
                elif answer["active"]:
                    granted.add(use_id)
        server.start()
        before = len(granted)
        for use_id in unanswered:
            if api.redeem(token, use_id)["active"]:
                granted.add(use_id)
        lost_in_all += len(unanswered)
        found_again += len(granted) - before

        assert len(granted) == USES
        assert api.redeem(token)["code"] == "uses_exhausted"
        # What was granted once is granted still when it is asked about again, and nothing else.
        assert {use_id for use_id in use_ids if api.redeem(token, use_id)["active"]} == granted
    figure(f"{KILLS} kills: {lost_in_all} answers lost, {found_again} uses got by asking again; {USES} uses each time")


def test_uses_without_an_id_are_never_too_many_when_the_server_is_killed(engine, serve, api_of):
    """A resource that can't repeat loses a use whose answer was lost; it never gains one."""
    server = serve(database=engine)
    api = api_of(server)
    token = api.issue(max_uses=USES)
    granted = 0
    with posted_at_once(server.url, "/introspect", [api.form(token)] * 64) as connections:
        for number, connection in enumerate(connections):
            if number == USES // 2:
                server.kill()
            try:
                granted += read(connection).json["active"]
            except (OSError, http.client.HTTPException):
                pass
    server.start()
    while api.redeem(token)["active"]:
        granted += 1

    assert granted <= USES


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_the_verifier_redeems_them_without_the_developer_doing_anything(engine, serve, api_of, form):
    server = serve(database=engine)
    api = api_of(server, verifier="admit" if form == "jwt" else None)
    token = api.issue(max_uses=USES)
    assert token.startswith("adm_at_") is (form == "opaque")

    def use(verifier: Verifier) -> str:
        try:
            return verifier.verify(token).subject[:4]
        except TokenRejected as refusal:
            return refusal.code

    with api.verifier() as one, api.verifier() as other, ThreadPoolExecutor(16) as threads:
        tally = Counter(threads.map(use, [one, other] * 16))

    assert tally == {"usr_": USES, "uses_exhausted": 32 - USES}


def test_only_the_resources_own_credentials_count_and_no_others_let_it_in(serve, api_of):
    """A verifier that was given the credentials of the app itself would let a one-use token in for ever."""
    server = serve()
    api = api_of(server)
    robot = server.command("client", "add", "robot", "--audience", api.audience)
    with Http(server.url) as http:
        form = {"grant_type": "client_credentials", "client_id": robot["client_id"]}
        server.command("policy", "set", "once", "--max-uses", "1")
        server.command("client", "update", "robot", "--policy", "once")
        token = http.post("/token", form | {"client_secret": robot["client_secret"]}).json["access_token"]

    with (
        api.verifier(client_id=robot["client_id"], client_secret=robot["client_secret"]) as wrong,
        pytest.raises(LimitsNotEnforceable, match="own resource"),
    ):
        wrong.verify(token)
    with api.verifier() as right:
        assert right.verify(token).subject == robot["client_id"]
        with pytest.raises(UsesExhausted):
            right.verify(token)


def test_a_route_of_fastapi_answers_401_uses_exhausted_to_the_second_use(serve, api_of):
    server = serve()
    api = api_of(server, verifier="admit")
    auth = TokenAuth(verifier=api.verifier())
    app = FastAPI()
    auth.install(app)

    @app.get("/notes")
    async def notes(who: Annotated[Principal, auth.require("notes:read")]) -> str:
        return who.subject

    headers = {"Authorization": f"Bearer {api.issue(max_uses=1, actions=groups_of(['GET /notes']))}"}
    with TestClient(app) as client:
        answers = [client.post("/notes", headers=headers), *(client.get("/notes", headers=headers) for _ in range(2))]

    assert [answer.status_code for answer in answers] == [405, 200, 401]
    assert answers[2].json()["code"] == "uses_exhausted"


def test_actions_are_judged_by_claims_and_by_the_server_alike(serve, api_of):
    server = serve()
    for verifier in ("admit", None):
        api = api_of(server, verifier=verifier)
        token = api.issue(actions=groups_of(["GET /notes/*"]))
        with api.verifier() as asking:
            assert asking.verify(token, Attempt(method="GET", path="/notes/7"))
            with pytest.raises(ActionNotAllowed):
                asking.verify(token, Attempt(method="DELETE", path="/notes/7"))
            with pytest.raises(LimitsNotEnforceable, match="Attempt"):
                asking.verify(token)


ENDINGS = {
    "logout": lambda server, app, ticket, who: app.log_out(ticket.id_token),
    "password change": lambda server, app, ticket, who: server.administer(
        lambda rt: users.set_password(who.name, "another phrase for this test", rt=rt, caller=BY_TESTS)
    ),
    "disabled user": lambda server, app, ticket, who: server.administer(
        lambda rt: users.disable(who.name, rt=rt, caller=BY_TESTS)
    ),
    "lost device": lambda server, app, ticket, who: server.administer(
        lambda rt: sessions.end_all_of_user(who.name, rt=rt, caller=BY_TESTS)
    ),
    "deleted client": lambda server, app, ticket, who: server.administer(
        lambda rt: leaving.delete_client(app.client_id, rt=rt, caller=BY_TESTS)
    ),
}


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_an_unused_one_use_token_is_destroyed_with_its_session(serve, api_of, app_of, form):
    server = serve()
    api = api_of(server, verifier="admit" if form == "jwt" else None, policy=TokenPolicy(max_uses=1))
    with api.verifier() as verifier:
        for ending, end in ENDINGS.items():  # the client is deleted last
            app, who = app_of(server, client_id=api.app_id, scope="openid notes:read"), server.add_user()
            used, unused = app.sign_in(who), app.sign_in(who)
            assert verifier.verify(used.access)
            with pytest.raises(UsesExhausted):
                verifier.verify(used.access)

            end(server, app, unused, who)

            deadline = time.monotonic() + 1.0  # what a command does is honoured within a second
            while api.redeem(unused.access, "x" * 16)["active"]:
                assert ending != "logout", "logout destroys at once"
                assert time.monotonic() < deadline
            with pytest.raises(TokenRejected) as caught:
                verifier.verify(unused.access)
            assert isinstance(caught.value, TokenInactive | TokenRevoked), ending
