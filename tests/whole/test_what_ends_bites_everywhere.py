"""Each way to end something, at one of two server processes, and every place that has to refuse from then on."""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from tests.whole.apps import App, Person, Ticket
from tests.whole.programs import eventually
from tests.whole.servers import BY_TESTS, Server
from tests.whole.wire import Http

from admit import TokenRejected, Verifier
from admit.jose import base64url
from admit_server.flows import keys
from admit_server.flows.admin import clients, grants, leaving, resources, revocations, sessions, users

FORMATS = ("jwt", "opaque")


@dataclass(frozen=True)
class Place:
    """A resource of the tests' own, an app that asks tokens for it, and the credentials by which it introspects."""

    audience: str
    app: App
    reader: dict[str, str]


@dataclass(frozen=True)
class Holder:
    """A person with a ticket of each format."""

    person: Person
    tickets: dict[str, Ticket]


class House:
    """Two servers, and everything that has to refuse."""

    def __init__(self, one: Server, other: Server, app_of: Callable[..., App]) -> None:
        self.one, self.other, self._app_of = one, other, app_of
        self.places: dict[str, Place] = {}
        self.settle()

    def settle(self) -> None:
        """Make a resource and an app for each format."""
        self.places = {form: self._place(form) for form in FORMATS}

    def _place(self, form: str) -> Place:
        audience = f"https://{form}-{secrets.token_hex(4)}.example"

        async def add(rt: Any) -> Any:
            reader = clients.NewClient(name=f"api of {audience}", grant_types=frozenset())
            added = await clients.add(reader, rt=rt, caller=BY_TESTS)
            new = resources.NewResource(audience=audience, scopes={"read": "Read"}, format=form, client=added.client.id)
            await resources.add(new, rt=rt, caller=BY_TESTS)
            return added

        added = self.one.administer(add)
        back = "http://127.0.0.1:9/"
        app = self.one.add_client(
            name=f"app of {audience}", audiences=(audience,), first_party=True, redirect_uris=(back,)
        )
        signs_in = self._app_of(self.one, client_id=app.id, redirect_uri=back, scope="openid read")
        return Place(audience, signs_in, {"client_id": added.client.id, "client_secret": added.secret})

    def holder(self) -> Holder:
        person = self.one.add_user()
        return Holder(person, {form: place.app.sign_in(person) for form, place in self.places.items()})

    def settled_keys(self) -> bool:
        """Whether both servers publish the keys that the database has."""
        stored = self.one.administer(lambda rt: keys.every(rt=rt))
        now = time.time()
        return all(
            self._published(server) == {key.kid for key in stored if key.state(int(now)) != "removed"}
            for server in (self.one, self.other)
        )

    def _published(self, server: Server) -> set[str]:
        with Http(server.url) as http:
            return {key["kid"] for key in http.get("/jwks").json["keys"]}

    def introspected(self, server: Server, form: str, token: str) -> bool:
        with Http(server.url) as http:
            answer = http.post("/introspect", {"token": token} | self.places[form].reader)
        assert answer.status == 200, answer.body
        return bool(answer.json["active"])

    def refreshes(self, server: Server, form: str, token: str) -> bool:
        with Http(server.url) as http:
            return http.post("/token", self.places[form].app.refresh_form(token)).status == 200

    def verifier(self, form: str) -> Verifier:
        place = self.places[form]
        credentials = place.reader if form == "opaque" else {}
        return Verifier(issuer=self.one.issuer, audience=place.audience, **credentials)


def by_each(way: Callable[[App, Ticket], None]) -> Callable[[House, Holder], None]:
    """What the app of each format does with its own ticket."""

    def act(house: House, holder: Holder) -> None:
        for form, ticket in holder.tickets.items():
            way(house.places[form].app, ticket)

    return act


def administered(work: Callable[[Any, Holder], Any]) -> Callable[[House, Holder], None]:
    """What the command does: beside the running servers."""
    return lambda house, holder: house.one.administer(lambda rt: work(rt, holder))


def _part(token: str, which: int) -> dict[str, Any]:
    part: dict[str, Any] = json.loads(base64url.decode(token.split(".")[which]))
    return part


async def _delete_clients(rt: Any, house: House) -> None:
    for place in house.places.values():
        await leaving.delete_client(place.app.client_id, rt=rt, caller=BY_TESTS)


async def _end_grants(rt: Any, holder: Holder) -> None:
    user = await users.find(holder.person.name, rt=rt)
    for listed in await grants.page(user=user.id, client=None, rt=rt):
        assert await grants.end(listed.grant.id, rt=rt, caller=BY_TESTS)


# What is done; whether the refresh tokens end too; which formats it concerns; whether others are concerned as well.
EVERYTHING, JWT_ONLY = frozenset(FORMATS), frozenset({"jwt"})
WAYS: dict[str, tuple[Callable[[House, Holder], None], bool, frozenset[str], bool]] = {
    "the access token, revoked": (by_each(lambda app, ticket: app.revoke(ticket.access)), False, EVERYTHING, False),
    "the grant, by its refresh token": (
        by_each(lambda app, ticket: app.revoke(str(ticket.refresh))),
        True,
        EVERYTHING,
        False,
    ),
    "the grant, by an administrator": (administered(_end_grants), True, EVERYTHING, False),
    "the session, by signing out": (
        by_each(lambda app, ticket: app.log_out(str(ticket.id_token))),
        True,
        EVERYTHING,
        False,
    ),
    "the sessions, by an administrator": (
        administered(lambda rt, holder: sessions.end_all_of_user(holder.person.name, rt=rt, caller=BY_TESTS)),
        True,
        EVERYTHING,
        False,
    ),
    "the person's password, changed": (
        administered(
            lambda rt, holder: users.set_password(holder.person.name, "another-1-of-them", rt=rt, caller=BY_TESTS)
        ),
        True,
        EVERYTHING,
        False,
    ),
    "the person, disabled": (
        administered(lambda rt, holder: users.disable(holder.person.name, rt=rt, caller=BY_TESTS)),
        True,
        EVERYTHING,
        False,
    ),
    "the person, deleted": (
        administered(lambda rt, holder: leaving.delete_user(holder.person.name, rt=rt, caller=BY_TESTS)),
        True,
        EVERYTHING,
        False,
    ),
    "what bears the handle of its id": (
        administered(
            lambda rt, holder: revocations.revoke(
                "jti", _part(holder.tickets["jwt"].access, 1)["jti"], rt=rt, caller=BY_TESTS
            )
        ),
        False,
        JWT_ONLY,
        False,
    ),
    "the key that signed it": (
        administered(
            lambda rt, holder: keys.retire(_part(holder.tickets["jwt"].access, 0)["kid"], rt=rt, caller=BY_TESTS)
        ),
        False,
        JWT_ONLY,
        True,
    ),
    "the clients": (
        lambda house, holder: house.one.administer(lambda rt: _delete_clients(rt, house)),
        True,
        EVERYTHING,
        True,
    ),
    "everything": (
        administered(lambda rt, holder: revocations.revoke_everything(rt=rt, caller=BY_TESTS)),
        True,
        EVERYTHING,
        True,
    ),
}


def _code(verifier: Verifier, token: str) -> str:
    try:
        verifier.verify(token)
    except TokenRejected as error:
        return error.code
    return "accepted"


@pytest.mark.timeout(300)
def test_each_way_to_end_something_is_refused_at_every_place(two_servers, app_of):
    one, other, balancer = two_servers
    house = House(one, other, app_of)
    for name, (act, refresh_ends, concerned, others_too) in WAYS.items():
        if others_too:
            house.settle()
        # A key that was taken out of use signs for another half second, in processes which did not hear of it; for nobody's good.
        eventually(house.settled_keys)
        verifiers = {form: [house.verifier(form) for _ in range(2)] for form in FORMATS}
        holder, bystander = house.holder(), house.holder()
        try:
            for form in FORMATS:
                for who in (holder, bystander):
                    token = who.tickets[form].access
                    assert {_code(verifier, token) for verifier in verifiers[form]} == {"accepted"}, name
                    assert all(house.introspected(server, form, token) for server in (one, other)), name
            assert balancer.streams == {one.port: 1, other.port: 1}

            act(house, holder)

            for form in FORMATS:
                token, after = holder.tickets[form].access, f"{name}: {form}"
                if form not in concerned:
                    assert {_code(verifier, token) for verifier in verifiers[form]} == {"accepted"}, after
                    continue
                # At once, in both processes: the very next request.
                assert not house.introspected(one, form, token), after
                assert not house.introspected(other, form, token), after
                refused = {"token_revoked"} if form == "jwt" else {"token_inactive", "token_revoked"}
                for verifier in verifiers[form]:
                    code = eventually(
                        lambda verifier=verifier, token=token: (
                            code if (code := _code(verifier, token)) != "accepted" else None
                        ),
                        within_s=3 if form == "jwt" else 0.5,
                        what=after,
                    )
                    assert code in refused, after
            for form in FORMATS:
                refresh = holder.tickets[form].refresh
                assert [house.refreshes(server, form, refresh) for server in (other, one)] == [not refresh_ends] * 2, (
                    f"{name}: {form}"
                )
            if not others_too:
                for form in FORMATS:
                    token = bystander.tickets[form].access
                    assert {_code(verifier, token) for verifier in verifiers[form]} == {"accepted"}, name
                    assert house.introspected(other, form, token), name
        finally:
            for verifier in (each for group in verifiers.values() for each in group):
                verifier.close()
