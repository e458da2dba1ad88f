"""Authenticators that tests can look through."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from admit_server.authenticators.api import (
    Base,
    Challenge,
    CredentialUpdate,
    Enrolled,
    NotMine,
    Rejected,
    Verified,
)
from admit_server.authenticators.password import PasswordAuthenticator


class Card(Base):
    """A card with numbers, each good once; the text of a credential is the list of those that are left."""

    name = "card"
    factors = frozenset({"possession"})
    keeps_secrets = True
    most = 2

    def __init__(self):
        self.begun = []

    async def begin(self, ctx, subject, credentials):
        self.begun.append(subject)
        return Challenge(kind="card", fields=("number",), public={"of": len(credentials)}, state=b"asked")

    async def finish(self, ctx, state, response, credentials):
        number = response.get("number")
        if number is None:
            return NotMine()
        if state != b"asked":
            return Rejected("nothing was asked")
        for each in credentials:
            left = json.loads(each.data)
            if number in left:
                left.remove(number)
                update = CredentialUpdate(id=each.id, data=json.dumps(left), version=each.version, needed=True)
                return Verified(amr=("otp",), credential_updates=(update,), used=each.id)
        return Rejected("no such number")

    async def begin_enrolment(self, ctx, subject, credentials):
        return Challenge(kind="card", fields=("first",), state=b"new card")

    async def finish_enrolment(self, ctx, state, response, credentials):
        if state != b"new card" or response.get("first") != "1":
            return Rejected("not the first number")
        return Enrolled(
            data='["2", "3"]', label="Card", lookup=response.get("lookup", ""), proved=Verified(amr=("otp",))
        )


class Letter(Base):
    """A letter with a code. `sent` lists to whom."""

    name = "letter"
    contacts = True

    def __init__(self):
        self.sent = []

    def usable(self, subject, credentials):
        return True

    async def begin(self, ctx, subject, credentials):
        self.sent.append(subject.username if subject else None)
        return Challenge(kind="letter", fields=("code",), state=b"4711")

    async def finish(self, ctx, state, response, credentials):
        if "code" not in response:
            return NotMine()
        return Verified(amr=("otp",)) if response["code"].encode() == state else Rejected("another code")


class Guest(Base):
    """Knows who comes by what they bring."""

    name = "guest"
    factors = frozenset({"possession", "inherence"})
    phishing_resistant = True
    names_the_person = True

    def lookup(self, response):
        return response.get("badge")

    async def finish(self, ctx, state, response, credentials):
        return Verified(amr=("hwk",)) if credentials and response.get("badge") else Rejected("no such badge")


@pytest.fixture
def card():
    return Card()


@pytest.fixture
def letter():
    return Letter()


@pytest.fixture
def desk(site, card, letter):
    """The runtime of a site with these authenticators: `desk("password and card")`."""

    def opened(requires="password", **more):
        by_name = {each.name: each for each in (PasswordAuthenticator(), card, letter, Guest())}
        site.app = site.with_runtime(authenticators=by_name, sign_in_requires=requires, **more)
        site.rt = site.app.site.rt
        return site.rt

    return opened


_spec = importlib.util.spec_from_file_location("journeys_kit", Path(__file__).with_name("journeys_kit.py"))
assert _spec is not None
assert _spec.loader is not None
sys.modules[_spec.name] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules[_spec.name])
