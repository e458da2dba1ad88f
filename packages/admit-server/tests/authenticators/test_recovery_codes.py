"""Codes on paper: each once, one hash a try, forgiving to hands and strict to guesses."""

import json
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.authenticators.api import Context, Describing, NotMine, Rejected, StoredCredential, Subject, Verified
from admit_server.authenticators.recovery_codes import RecoveryCodesAuthenticator
from admit_server.machine.hashing import Argon2Hasher, HashingLimits

pytestmark = pytest.mark.anyio

ALICE = Subject(id="usr_1", username="alice")
# The real hash, with parameters that let a test run.
HASHER = Argon2Hasher(HashingLimits(memory_kib=64, passes=1, threads=1))


def context(asked=None):
    async def verify(encoded, password):
        if asked is not None:
            asked.append((encoded, password))
        return await HASHER.verify(encoded, password)

    return Context(
        now=1,
        entropy=secrets.token_bytes,
        verify_hash=verify,
        make_hash=HASHER.hash,
        needs_rehash=HASHER.needs_rehash,
    )


async def a_set():
    """The codes that a person sees, and what is stored of them."""
    authenticator = RecoveryCodesAuthenticator()
    challenge = await authenticator.begin_enrolment(context(), ALICE, ())
    made = await authenticator.finish_enrolment(context(), challenge.state, {"recovery_codes": "kept"}, ())
    return challenge.public["codes"], StoredCredential(id="crd_1", data=made.data, version=1)


async def judged(code, *credentials, asked=None):
    return await RecoveryCodesAuthenticator().finish(context(asked), b"", {"recovery_code": code}, credentials)


async def test_a_set_is_ten_codes_of_which_nothing_is_stored_in_clear():
    codes, stored = await a_set()
    assert len(set(codes)) == 10
    for code in codes:
        assert len(code.replace("-", "")) == 12
        assert code.replace("-", "")[1:] not in stored.data
    assert all(kept.startswith("$argon2id$") for kept in json.loads(stored.data).values())


async def test_two_sets_share_no_code():
    assert not set((await a_set())[0]) & set((await a_set())[0])


async def test_every_code_of_a_set_is_good_once_in_any_order():
    codes, stored = await a_set()
    for used, code in enumerate(reversed(codes), 1):
        verdict = await judged(code, stored)
        assert isinstance(verdict, Verified)
        assert (verdict.amr, verdict.used) == (("otp",), "crd_1")
        (update,) = verdict.credential_updates
        assert (update.version, update.needed) == (stored.version, True)
        stored = StoredCredential(id="crd_1", data=update.data, version=stored.version + 1)
        assert await judged(code, stored) == Rejected("a recovery code that was used")
        assert RecoveryCodesAuthenticator().describe(stored)["left"] == 10 - used
    assert not RecoveryCodesAuthenticator().usable(ALICE, (stored,))


async def test_the_person_is_told_how_many_are_left_and_which():
    codes, stored = await a_set()
    verdict = await judged(codes[1], stored)
    left = StoredCredential(id="crd_1", data=verdict.credential_updates[0].data, version=2)
    authenticator = RecoveryCodesAuthenticator()
    assert isinstance(authenticator, Describing)
    told = authenticator.describe(left)
    assert (told["left"], told["of"]) == (9, 10)
    assert told["unused"] == [code[0] for at, code in enumerate(codes) if at != 1]
    challenge = await authenticator.begin_enrolment(context(), ALICE, (left,))
    assert challenge.public["left"] == 9


async def test_a_new_set_replaces_the_old_one_once_the_person_says_that_it_is_kept():
    authenticator = RecoveryCodesAuthenticator()
    challenge = await authenticator.begin_enrolment(context(), ALICE, ())
    for answer in ("", "on", "make"):
        refused = await authenticator.finish_enrolment(context(), challenge.state, {"recovery_codes": answer}, ())
        assert isinstance(refused, Rejected)
    made = await authenticator.finish_enrolment(context(), challenge.state, {"recovery_codes": "kept"}, ())
    assert made.replaces


@pytest.mark.parametrize(
    "written",
    [
        str.lower,
        lambda code: code.replace("-", ""),
        lambda code: code.replace("-", " "),
        lambda code: f"  {code}\n",
        lambda code: code.replace("-", "–"),
        lambda code: code.replace("0", "O").replace("1", "l"),
        lambda code: code[0] + code[1:].replace("0", "o").replace("1", "I"),
    ],
)
async def test_hands_and_eyes_are_forgiven(written):
    for _ in range(3):
        codes, stored = await a_set()
        assert isinstance(await judged(written(codes[0]), stored), Verified)


@pytest.mark.parametrize(
    "code", ["", "A", "AAAA-AAAA-AAAA", "ZZZZ-ZZZZ-ZZZZ", "\x00" * 12, "A" * 100_000, "é" * 12, "ß" * 6]
)
async def test_wrong_used_unknown_and_absurd_cost_one_hash_each(code):
    _, stored = await a_set()
    for credentials in ((), (stored,)):
        asked = []
        assert isinstance(await judged(code, *credentials, asked=asked), Rejected)
        assert len(asked) == 1


async def test_a_code_with_another_ones_first_letter_is_wrong():
    codes, stored = await a_set()
    assert await judged(codes[1][0] + codes[0][1:], stored) == Rejected("wrong recovery code")


@given(st.text(max_size=70))
def test_no_text_makes_it_raise(text):
    import asyncio

    async def nothing_fits(encoded, password):
        return False

    async def never(_):
        raise AssertionError("nothing is hashed")

    ctx = Context(
        now=1, entropy=secrets.token_bytes, verify_hash=nothing_fits, make_hash=never, needs_rehash=lambda _: False
    )
    verdict = asyncio.run(RecoveryCodesAuthenticator().finish(ctx, b"", {"recovery_code": text}, ()))
    assert isinstance(verdict, Rejected)


async def test_a_response_for_another_authenticator_is_not_its_own_and_costs_nothing():
    asked = []
    authenticator = RecoveryCodesAuthenticator()
    assert await authenticator.finish(context(asked), b"", {"totp": "123456"}, ()) == NotMine()
    assert await authenticator.finish_enrolment(context(asked), b"", {"totp": "123456"}, ()) == NotMine()
    assert asked == []


async def test_codes_and_hashes_are_in_no_representation():
    authenticator = RecoveryCodesAuthenticator()
    challenge = await authenticator.begin_enrolment(context(), ALICE, ())
    made = await authenticator.finish_enrolment(context(), challenge.state, {"recovery_codes": "kept"}, ())
    assert challenge.public["codes"][0] not in repr((challenge, made))
    assert "argon2" not in repr(made)


async def test_every_letter_of_the_alphabet_appears_so_that_the_codes_have_their_entropy():
    """Of 110 letters a set, so many sets make a missing one as likely as a broken generator."""
    letters = set()
    for _ in range(10):
        codes, _stored = await a_set()
        letters |= set("".join(code.replace("-", "")[1:] for code in codes))
    assert letters == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
