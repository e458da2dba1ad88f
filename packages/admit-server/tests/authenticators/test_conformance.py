"""Every built-in authenticator keeps the rules, and the tests of the rules find whoever does not."""

import base64
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from soft_authenticator import RP_ID, SoftAuthenticator

import admit_server.machine.hashing
from admit_server.authenticators.api import (
    Base,
    Challenge,
    CredentialUpdate,
    Enrolled,
    HttpAnswer,
    NotMine,
    Rejected,
    StoredCredential,
    Verified,
)
from admit_server.authenticators.conformance import Conformance
from admit_server.authenticators.conformance.surroundings import Work
from admit_server.authenticators.email_code import EmailCodeAuthenticator
from admit_server.authenticators.passkey import PasskeyAuthenticator
from admit_server.authenticators.password import PasswordAuthenticator
from admit_server.authenticators.recovery_codes import RecoveryCodesAuthenticator
from admit_server.authenticators.totp import TotpAuthenticator
from admit_server.authenticators.webhook import WebhookAuthenticator, sign

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class TestPassword(Conformance):
    def make(self):
        return PasswordAuthenticator()

    async def credentials(self, ctx):
        return (StoredCredential(id="crd_1", data=await ctx.make_hash("a good pass phrase"), version=3),)

    async def right(self, ctx, challenge, credentials):
        # The user name is the server's to judge, not the authenticator's.
        return {"password": "a good pass phrase"}


class TestTotp(Conformance):
    def make(self):
        return TotpAuthenticator()

    async def right_to_enrol(self, ctx, challenge):
        return {"totp": self._code(challenge.public["secret"].replace(" ", ""), ctx.now)}

    async def right(self, ctx, challenge, credentials):
        # The enrolment used up the step of now.
        return {"totp": self._code(json.loads(credentials[0].data)["secret"], ctx.now + 30)}

    def _code(self, secret, now):
        return HOTP(base64.b32decode(secret), 6, SHA1()).generate(now // 30).decode()


class TestRecoveryCodes(Conformance):
    def make(self):
        return RecoveryCodesAuthenticator()

    async def right_to_enrol(self, ctx, challenge):
        self.code = challenge.public["codes"][3]
        return {"recovery_codes": "kept"}

    async def right(self, ctx, challenge, credentials):
        return {"recovery_code": self.code}


class TestWebhook(Conformance):
    def make(self):
        return WebhookAuthenticator(url="https://process.test/", secret=SECRET)

    async def right(self, ctx, challenge, credentials):
        return {"webhook": "2468"}

    async def post(self, url, body, headers):
        message = json.loads(body)
        if message["type"] == "sign_in.begin":
            answer = {"prompt": "", "state": "kept"}
        else:
            answer = {"verdict": "verified" if message["response"] == "2468" else "rejected"}
        content, identifier = json.dumps(answer).encode(), headers["webhook-id"].replace("req_", "ans_")
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        signed = {
            "webhook-id": identifier,
            "webhook-timestamp": "1",
            "webhook-signature": sign(key, id=identifier, timestamp="1", body=content),
        }
        return HttpAnswer(status=200, headers=signed, body=content)


class TestEmailCode(Conformance):
    @pytest.fixture(autouse=True)
    def _mailbox(self):
        self.works = []

    def make(self):
        return EmailCodeAuthenticator()

    def context(self, work=None):
        self.works.append(work or Work())
        return super().context(self.works[-1])

    async def credentials(self, ctx):
        return ()

    async def right(self, ctx, challenge, credentials):
        return {"email_code": next(work for work in reversed(self.works) if work.mails).mails[-1].values["code"]}


class TestPasskey(Conformance):
    @pytest.fixture(autouse=True)
    def _device(self):
        self.device = SoftAuthenticator(count=1)

    def make(self):
        return PasskeyAuthenticator(rp_id=RP_ID)

    async def right_to_enrol(self, ctx, challenge):
        return {"response": self.device.create(challenge.public)}

    async def right(self, ctx, challenge, credentials):
        self.device.count += 1
        return {"response": self.device.get(challenge.public)}


class Pin(Base):
    """A good one, to be spoilt below."""

    name = "pin"
    factors = frozenset({"knowledge"})
    most = 1

    async def begin_enrolment(self, ctx, subject, credentials):
        return Challenge(kind="pin", fields=("pin",))

    async def finish_enrolment(self, ctx, state, response, credentials):
        if "pin" not in response:
            return NotMine()
        return Enrolled(data=await ctx.make_hash(response["pin"]), label="PIN")

    async def finish(self, ctx, state, response, credentials):
        if "pin" not in response:
            return NotMine()
        good = await ctx.verify_hash(credentials[0].data if credentials else None, response["pin"])
        return Verified(amr=("pin",), used=credentials[0].id) if good else Rejected("wrong")


class PinTests(Conformance):
    made_by = Pin

    def make(self):
        return self.made_by()

    async def right_to_enrol(self, ctx, challenge):
        return {"pin": "2468"}

    async def right(self, ctx, challenge, credentials):
        return {"pin": "2468"}


class TestPin(PinTests):
    """So that what is found below is found for its fault alone."""

    # The good one stands in this file, which imports more.
    test_it_imports_nothing_of_the_server_but_the_interface = None


class Keeping(Pin):
    """Keeps the ceremony inside."""

    def __init__(self):
        self.begun = False

    async def begin(self, ctx, subject, credentials):
        self.begun = True
        return await super().begin(ctx, subject, credentials)

    async def finish(self, ctx, state, response, credentials):
        return await super().finish(ctx, state, response, credentials) if self.begun else Rejected("not begun")


class Telling(Pin):
    async def begin(self, ctx, subject, credentials):
        return Challenge(kind="pin", fields=("pin",), public={"length": 4} if credentials else {})


class Hasty(Pin):
    async def finish(self, ctx, state, response, credentials):
        if "pin" in response and not credentials:
            return Rejected("no such user")
        return await super().finish(ctx, state, response, credentials)


class Grabbing(Pin):
    async def finish(self, ctx, state, response, credentials):
        return await super().finish(ctx, state, {"pin": ""} | dict(response), credentials)


class Raising(Pin):
    async def finish(self, ctx, state, response, credentials):
        if "pin" in response:
            int(response["pin"])
        return await super().finish(ctx, state, response, credentials)


class Believing(Pin):
    async def finish(self, ctx, state, response, credentials):
        return Verified(amr=("pin",)) if "pin" in response else NotMine()


class Boasting(Pin):
    async def finish(self, ctx, state, response, credentials):
        verdict = await super().finish(ctx, state, response, credentials)
        return replace(verdict, factors=frozenset({"inherence"})) if isinstance(verdict, Verified) else verdict


class Careless(Pin):
    """Updates without the version that it read."""

    async def finish(self, ctx, state, response, credentials):
        verdict = await super().finish(ctx, state, response, credentials)
        if not isinstance(verdict, Verified):
            return verdict
        update = CredentialUpdate(id=credentials[0].id, data=credentials[0].data, version=99, needed=True)
        return replace(verdict, credential_updates=(update,))


class Repeating(Pin):
    """Says that it used something up, and does not."""

    async def finish(self, ctx, state, response, credentials):
        verdict = await super().finish(ctx, state, response, credentials)
        if not isinstance(verdict, Verified):
            return verdict
        stored = credentials[0]
        update = CredentialUpdate(id=stored.id, data=stored.data, version=stored.version, needed=True)
        return replace(verdict, credential_updates=(update,))


class Blabbing(Pin):
    """Shows what it keeps."""

    last = ""

    async def begin(self, ctx, subject, credentials):
        Blabbing.last = credentials[0].data if credentials else ""
        return await super().begin(ctx, subject, credentials)

    def __repr__(self):
        return f"Blabbing({Blabbing.last})"


class Shouting(Pin):
    name = "PIN"


class Naming(Pin):
    names_the_person = True


class Useless(Pin):
    def usable(self, subject, credentials):
        return False


class Bulky(Pin):
    async def begin(self, ctx, subject, credentials):
        return Challenge(kind="pin", fields=("pin",), state=bytes(100_000))


class Reaching(Pin):
    """Comes from a module that imports more of the server than the interface."""

    __module__ = admit_server.machine.hashing.__name__


class Greedy(Pin):
    async def finish_enrolment(self, ctx, state, response, credentials):
        return Enrolled(data="x")


@pytest.mark.parametrize(
    ("spoilt", "rule", "told"),
    [
        (Keeping, "two_instances_finish_each_others_ceremonies", "kept inside"),
        (Telling, "nobody_is_asked_for_the_same", "tells whether"),
        (Hasty, "nobody_costs_the_same_work", "the time would tell"),
        (Grabbing, "a_response_for_another_authenticator_is_not_its_own", "instead of NotMine"),
        (Raising, "garbage_is_rejected_and_raises_nothing", "invalid literal"),
        (Believing, "garbage_is_rejected_and_raises_nothing", "gave Verified"),
        (Believing, "the_right_response_is_rejected_for_nobody", "was verified"),
        (Boasting, "the_right_response_is_verified", "more than its class"),
        (Careless, "the_right_response_is_verified", "not guarded"),
        (Repeating, "what_was_used_up_is_not_good_again", "once more"),
        (Blabbing, "no_secret_is_in_a_representation", "only the authenticator may know"),
        (Shouting, "its_attributes_have_their_shapes", "lower-case"),
        (Naming, "its_attributes_have_their_shapes", "no lookup"),
        (Useless, "an_enrolment_gives_something_that_signs_in", "can't be used"),
        (Greedy, "an_enrolment_gives_something_that_signs_in", "instead of NotMine"),
        (Bulky, "a_challenge_can_be_shown_and_carried", "at most"),
        (Reaching, "it_imports_nothing_of_the_server_but_the_interface", "only admit_server.authenticators.api"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_whoever_breaks_a_rule_is_found(spoilt, rule, told):
    kit = PinTests()
    kit.made_by = spoilt
    with pytest.raises((AssertionError, ValueError), match=told):
        getattr(kit, f"test_{rule}")()


def test_every_rule_has_somebody_who_breaks_it():
    """A rule that finds nobody might as well not be there."""
    (marks,) = [mark for mark in test_whoever_breaks_a_rule_is_found.pytestmark if mark.name == "parametrize"]
    broken = {f"test_{row[1]}" for row in marks.args[1]}
    rules = {name for name in vars(Conformance) if name.startswith("test_")}
    assert rules - broken == {
        "test_garbage_ends_no_enrolment_and_raises_nothing",
        "test_the_person_is_read_from_a_response_without_trust",
    }
