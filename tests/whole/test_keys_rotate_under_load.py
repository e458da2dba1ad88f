"""A rotation of the signing key while tickets are made and checked: nobody with a good ticket notices."""

import threading

from tests.whole.programs import eventually, meanwhile

from admit import Verifier
from admit.jose import parse
from admit.keys import RemoteKeys

AFTER = 40  # tickets of the new key that each app waits for


def test_no_verifier_refuses_a_good_ticket_while_the_key_changes(serve, app_of, talk, figure):
    server = serve()
    jwks = talk(server.url)
    # A key is published long before it signs; verifiers that know it need to ask for nothing at the change.
    eventually(lambda: len(_kids(jwks)) == 2, what="the next key in /jwks")
    checked = _rotate_under_load(
        server, app_of, [Verifier(issuer=server.url, audience=server.demo_api) for _ in range(2)]
    )
    figure(f"planned rotation: {checked} checks by 2 verifiers, none refused")


def test_a_key_that_must_sign_at_once_is_fetched_by_who_does_not_know_it(serve, app_of, talk, figure):
    server = serve()
    jwks = talk(server.url)
    eventually(lambda: len(_kids(jwks)) == 2, what="the next key in /jwks")
    known = _kids(jwks)
    verifiers = [
        Verifier(issuer=server.url, audience=server.demo_api, keys=RemoteKeys(server.url, cooldown_s=0.01))
        for _ in range(2)
    ]
    app = app_of(server)
    for verifier in verifiers:
        verifier.verify(app.sign_in().access)
    server.command("key", "rotate", "--at-once")
    eventually(lambda: _kids(jwks) - known, what="the key after the next in /jwks")

    checked = _rotate_under_load(server, app_of, verifiers)
    figure(f"emergency rotation to a key that nobody knows yet: {checked} checks by 2 verifiers, none refused")


def _rotate_under_load(server, app_of, verifiers):
    apps = [app_of(server) for _ in range(2)]
    first = [app.sign_in() for app in apps]
    for verifier in verifiers:
        verifier.verify(first[0].access)
    old = parse(first[0].access).header.kid
    checks, enough = [], [threading.Event() for _ in apps]

    def keep_going(app, ticket, enough):
        def work(stop):
            newest, of_new_key = ticket, 0
            while not stop.is_set():
                answer = app.refresh(newest.refresh)
                assert answer.status == 200, answer.body
                newest = type(newest).of(answer.json)
                of_new_key += parse(newest.access).header.kid != old
                for verifier in verifiers:
                    verifier.verify(newest.access)
                    verifier.verify(ticket.access)  # of the old key, still good
                    checks.append(2)
                if of_new_key >= AFTER:
                    enough.set()

        return work

    with meanwhile(*(keep_going(*each) for each in zip(apps, first, enough, strict=True))):
        rotated = server.command("key", "rotate", "--at-once")
        assert all(event.wait(60) for event in enough), "the new key does not sign"
    for verifier in verifiers:
        verifier.close()
    assert rotated
    return sum(checks)


def _kids(connection):
    return {key["kid"] for key in connection.get("/jwks").json["keys"] if key["alg"] == "ES256"}
