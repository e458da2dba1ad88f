"""Codes and links by mail: for one sign-in, for ten minutes, and nothing that tells whether somebody exists.

ASVS: the numbers of OWASP ASVS 5.0, chapter 6, as its text says them.
"""

import hashlib
import hmac
import os
from collections import Counter

import pytest

from admit_server.authenticators.api import Context, NotMine, Rejected, Subject, Verified
from admit_server.authenticators.email_code import DIGITS, LIVES_S, EmailCodeAuthenticator
from admit_server.authenticators.registry import load

pytestmark = pytest.mark.anyio
NOW = 1_700_000_000
ALICE = Subject(id="usr_a", username="alice", addresses=("alice@example.com", "second@example.com"))


class World:
    """A context that keeps the mails."""

    def __init__(self, *, first=False, entropy=os.urandom):
        self.mails = []
        self.first, self.entropy = first, entropy

    async def send(self, message):
        self.mails.append(message)

    def at(self, now=NOW):
        return Context(
            now=now,
            entropy=self.entropy,
            verify_hash=None,
            make_hash=None,
            needs_rehash=None,
            issuer="https://id.example",
            mac=lambda text: hmac.digest(b"key", text, hashlib.sha256),
            send=self.send,
            first=self.first,
            link=lambda secret: f"https://id.example/sign-in?link={secret}",
        )

    async def begin(self, subject=ALICE, **options):
        return await EmailCodeAuthenticator(**options).begin(self.at(), subject, ())

    async def finish(self, state, *, now=NOW, **response):
        return await EmailCodeAuthenticator().finish(self.at(now), state, response, ())

    @property
    def code(self):
        return self.mails[-1].values["code"]

    @property
    def secret(self):
        return self.mails[-1].values["link"].rpartition("=")[2]


async def test_the_code_that_was_mailed_proves_who_reads_the_mail():
    world = World()
    challenge = await world.begin()

    assert [mail.to for mail in world.mails] == ["alice@example.com"], "the main address alone"
    assert challenge.kind == "email_code"
    assert await world.finish(challenge.state, email_code=world.code) == Verified(amr=("email",), factors=frozenset())


async def test_the_link_proves_the_same():
    world = World()
    challenge = await world.begin()
    assert isinstance(await world.finish(challenge.state, link=world.secret), Verified)
    assert isinstance(await world.finish(challenge.state, link="0" * 64), Rejected)


@pytest.mark.parametrize("typed", ["{a}{b}", " {a}  {b}\n", "{a}-{b}", "{a} {b} "])
async def test_a_code_is_taken_as_people_type_it(typed):
    world = World()
    challenge = await world.begin()
    a, b = world.code.split()
    assert isinstance(await world.finish(challenge.state, email_code=typed.format(a=a, b=b)), Verified)


@pytest.mark.parametrize("typed", ["", "1", "00000000", "123456789", "x" * 1000, "１２３４５６７８", "\x00"])
async def test_another_code_is_refused(typed):
    world = World(entropy=lambda size: b"\x07" * size)
    challenge = await world.begin()
    assert isinstance(await world.finish(challenge.state, email_code=typed), Rejected)


async def test_the_link_is_no_code_and_the_code_no_link():
    world = World()
    challenge = await world.begin()
    assert isinstance(await world.finish(challenge.state, email_code=world.secret), Rejected)
    assert isinstance(await world.finish(challenge.state, link=world.code.replace(" ", "")), Rejected)


@pytest.mark.parametrize(("after_s", "good"), [(LIVES_S - 1, True), (LIVES_S, False), (LIVES_S + 1, False)])
async def test_it_lives_ten_minutes(after_s, good):
    """ASVS 6.5.5: "Out of band requests must have a maximum lifetime of 10 minutes"."""
    assert LIVES_S <= 600
    world = World()
    challenge = await world.begin()
    answer = await world.finish(challenge.state, now=NOW + after_s, email_code=world.code)
    assert isinstance(answer, Verified) is good


async def test_it_belongs_to_the_sign_in_that_it_was_sent_for():
    """ASVS 6.6.2: bound to the original request, "not usable for a previous or subsequent one"."""
    world = World()
    first = await world.begin()
    code_of_first = world.code
    second = await world.begin()

    assert isinstance(await world.finish(second.state, email_code=code_of_first), Rejected)
    assert isinstance(await world.finish(first.state, email_code=world.code), Rejected)


async def test_a_later_time_in_the_state_makes_its_code_another():
    world = World()
    state = bytearray((await world.begin()).state)
    state[23] ^= 1
    assert isinstance(await world.finish(bytes(state), email_code=world.code), Rejected)


async def test_codes_are_random_enough():
    """ASVS 6.5.3, 6.5.4: from the CSPRNG, at least 20 bits: 8 digits are 26.6 bits."""
    world = World()
    for _ in range(400):
        await world.begin()
    codes = [mail.values["code"].replace(" ", "") for mail in world.mails]

    assert {len(code) for code in codes} == {DIGITS}
    assert len(set(codes)) > 395
    for place in range(DIGITS):
        counts = Counter(code[place] for code in codes)
        assert len(counts) == 10
        assert max(counts.values()) < 90, "a digit twice as often as its share"
    assert len({mail.values["link"] for mail in world.mails}) == 400


async def test_the_state_does_not_tell_the_code():
    world = World()
    challenge = await world.begin()
    code, secret = world.code.replace(" ", "").encode(), world.secret.encode()
    assert code not in challenge.state
    assert secret not in challenge.state
    assert bytes.fromhex(world.secret) not in challenge.state


@pytest.mark.parametrize("subject", [None, Subject(id="usr_b", username="bob")])
async def test_for_nobody_it_does_the_same_and_nothing_opens_it(subject):
    """ASVS 6.3.8: valid users cannot be deduced."""
    alices, nobodys = World(first=True), World(first=True)
    hers, theirs = await alices.begin(), await nobodys.begin(subject)

    assert [mail.to for mail in nobodys.mails] == [""]
    assert nobodys.mails[0].template == alices.mails[0].template
    assert {len(value) for value in nobodys.mails[0].values.values()} == {
        len(value) for value in alices.mails[0].values.values()
    }
    assert (theirs.kind, theirs.fields, theirs.public) == (hers.kind, hers.fields, hers.public)
    assert len(theirs.state) == len(hers.state)
    assert isinstance(await nobodys.finish(theirs.state, email_code=nobodys.code), Rejected)
    assert isinstance(await nobodys.finish(theirs.state, link=nobodys.secret), Rejected)


async def test_where_it_went_is_told_only_beside_another_proof_and_never_whole():
    assert "to" not in (await World(first=True).begin()).public
    assert (await World(first=False).begin()).public["to"] == "a…@example.com"


async def test_it_can_be_had_without_a_link():
    world = World()
    await world.begin(link=False)
    assert world.mails[0].values["link"] == ""


async def test_other_answers_are_not_for_it():
    assert await World().finish(b"", password="x") == NotMine()


async def test_without_a_mail_before_it_nothing_is_proven():
    assert isinstance(await World().finish(b"", email_code="12345678"), Rejected)


def test_it_counts_towards_no_factor_and_needs_a_verified_address():
    """NIST SP 800-63B-4 section 3.1.3.1; ASVS 6.3.6."""
    (loaded,) = load(("email_code",)).values()
    assert (loaded.name, loaded.factors, loaded.contacts) == ("email_code", frozenset(), True)
    assert not loaded.phishing_resistant
    assert loaded.usable(ALICE, ())
    assert not loaded.usable(Subject(id="usr_b", username="bob"), ())
