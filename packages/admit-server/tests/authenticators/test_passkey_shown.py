"""WebAuthn L3 section 7.2, "Verifying an Authentication Assertion": one attack for each step, named by its number.

Steps 1 to 4 are the browser's and the page's script (tests/browser).
"""

import hashlib
import json
import time
from dataclasses import replace

import pytest
from soft_authenticator import ORIGIN, RP_ID, Key, SoftAuthenticator, b64, bomb

from admit_server.authenticators.api import Rejected, StoredCredential, Subject, Verified
from admit_server.authenticators.passkey.canonical_cbor import NotCanonical, check_one_item

pytestmark = pytest.mark.anyio

ALICE = Subject(id="usr_alice", username="alice")
BOB = Subject(id="usr_bob", username="bob")


async def refused(server, device, reason, **wrong):
    """That it is refused for this reason, and that the honest way works beside it."""
    verdict = await server.show(device, **wrong)
    assert isinstance(verdict, Rejected), verdict
    assert reason in verdict.reason
    assert verdict.suspect is None
    honest = {name: wrong[name] for name in ("first", "subject") if name in wrong}
    assert isinstance(await server.show(device, **honest), Verified)


@pytest.fixture
async def device(server):
    return await server.enrol(SoftAuthenticator(be=True))


async def test_step_3_what_is_no_assertion_is_refused(server, device):
    asked = await server.ask()
    made = device.create((await server.ask_for_new()).public)
    for text in ("{", "null", '"text"', "{}", '{"response": {}}', "[" * 5000, made):
        verdict = await server.passkeys.finish(server.later(), asked.state, {"response": text}, server.stored)
        assert isinstance(verdict, Rejected), text
    for name in ("clientDataJSON", "authenticatorData", "signature"):
        await refused(server, device, "not base64url", response_without=(name,))
        await refused(server, device, "not base64url", response={name: 5})


async def test_step_3_the_type_of_the_credential_is_public_key(server, device):
    await refused(server, device, "not public-key", credential={"type": "password"})


async def test_step_3_id_and_raw_id_are_the_same(server, device):
    await refused(server, device, "id and rawId differ", raw_id=b"another")


@pytest.mark.parametrize("spelling", ["{}=", "{}==", "{} ", " {}", "{}\n", "{}%"])
async def test_step_3_bytes_have_one_spelling(server, device, spelling):
    asked = await server.ask()
    honest = json.loads(device.get(asked.public))
    for name in ("clientDataJSON", "authenticatorData", "signature", "userHandle"):
        sent = honest | {"response": honest["response"] | {name: spelling.format(honest["response"][name])}}
        verdict = await server.passkeys.finish(
            server.later(), asked.state, {"response": json.dumps(sent)}, server.stored
        )
        assert isinstance(verdict, Rejected), (name, spelling)


async def test_step_3_a_member_twice_is_refused(server, device):
    asked = await server.ask()
    text = device.get(asked.public)
    twice = text.replace('"type"', '"type": "public-key", "type"', 1)
    verdict = await server.passkeys.finish(server.later(), asked.state, {"response": twice}, server.stored)
    assert "not JSON" in verdict.reason


async def test_step_5_a_passkey_that_was_not_listed_is_refused(server, device):
    """It was added after the browser had been asked, so the browser can't have been asked for it."""
    asked = await server.ask(first=False, subject=ALICE)
    later = await server.enrol()
    verdict = await server.show(later, first=False, asked=asked)
    assert "not among those" in verdict.reason


async def test_step_6_an_id_that_nobody_has_is_refused_after_the_same_work(server, device, monkeypatch):
    """14.6.2: "make it indistinguishable whether verification failed because the signature is invalid or because no such [...]"."""
    from admit_server.authenticators.passkey import verification

    judged = []
    honest = verification.verify_authentication_response
    monkeypatch.setattr(
        verification, "verify_authentication_response", lambda **given: (judged.append(given), honest(**given))[1]
    )
    stranger = SoftAuthenticator(user=b"usr_alice")
    assert await server.show(stranger) == Rejected("nobody's passkey")
    assert len(judged) == 1


async def test_step_6_the_key_that_stands_for_nobody_proves_nothing(server, device):
    """Its private key is known to everybody: it is the generator of the curve."""
    from cryptography.hazmat.primitives.asymmetric import ec

    everybodys = Key()
    everybodys.private = ec.derive_private_key(1, ec.SECP256R1())
    stranger = SoftAuthenticator(user=b"usr_alice", key=everybodys)
    assert await server.show(stranger) == Rejected("nobody's passkey")


async def test_step_6_somebody_elses_passkey_does_not_prove_who_was_named(server, device):
    """Somebody was named before: the passkey has to be theirs, also where its handle is."""
    verdict = await server.show(device, subject=BOB)
    assert "another person" in verdict.reason


async def test_step_6_a_user_handle_of_another_is_refused(server, device):
    await refused(server, device, "user handle is not", user_handle=b"usr_bob")
    await refused(server, device, "user handle is not", user_handle=b"usr_bob", first=False, subject=ALICE)


async def test_step_6_without_a_name_the_user_handle_has_to_be_there(server, device):
    await refused(server, device, "no user handle", user_handle=None)


async def test_step_6_beside_a_password_a_key_without_user_handle_is_enough(server, device):
    """Keys that keep nothing themselves have none to give."""
    assert isinstance(await server.show(device, first=False, subject=ALICE, user_handle=None), Verified)


async def test_step_8_a_byte_order_mark_is_stripped(server, device):
    verdict = await server.show(device, before_client_data=b"\xef\xbb\xbf")
    assert isinstance(verdict, Verified)


async def test_steps_8_and_9_client_data_that_is_no_json_object_of_utf_8_is_refused(server, device):
    for data in (b"", b"\xff\xfe{}", b"[]", b"null", b"{", '{"type":"webauthn.get"}'.encode("utf-16")):
        verdict = await server.show(device, client_data=data)
        assert isinstance(verdict, Rejected), data


async def test_step_9_client_data_with_a_member_twice_is_refused(server, device):
    asked = await server.ask()
    twice = {"type": "webauthn.get", "challenge": asked.public["publicKey"]["challenge"], "origin": ORIGIN}
    data = json.dumps(twice).replace('"origin"', '"origin": "https://evil.example", "origin"').encode()
    verdict = await server.show(device, asked=asked, client_data=data)
    assert "not JSON" in verdict.reason


async def test_step_9_members_that_nobody_knows_yet_are_let_pass(server, device):
    verdict = await server.show(device, client={"other_keys_can_be_added_here": "do not compare"})
    assert isinstance(verdict, Verified)


async def test_step_10_client_data_of_another_ceremony_is_refused(server, device):
    for type in ("webauthn.create", "payment.get", None):
        await refused(server, device, "type is not webauthn.get", client={"type": type})
    await refused(server, device, "type is not webauthn.get", client_without=("type",))


async def test_step_11_another_challenge_is_refused(server, device):
    earlier = (await server.ask()).public["publicKey"]["challenge"]
    for challenge in (earlier, b64(b"x" * 32), "", None, 5):
        await refused(server, device, "challenge is not", client={"challenge": challenge})


async def test_step_11_an_answer_to_nothing_is_refused_and_no_fault_of_the_server(server, device):
    """Any stranger can send one: it must not fill the log."""
    asked = await server.ask()
    assert await server.show(device, asked=replace(asked, state=b"")) == Rejected("nothing was asked")


async def test_step_11_a_challenge_spelled_otherwise_is_refused(server, device):
    """The library would read these as the same bytes."""
    asked = await server.ask()
    challenge = asked.public["publicKey"]["challenge"]
    for spelling in (challenge + "=", challenge[:5] + "!" + challenge[5:]):
        verdict = await server.show(device, asked=asked, client={"challenge": spelling})
        assert "challenge is not" in verdict.reason


async def test_step_11_a_challenge_lives_for_an_hour(server, device):
    assert isinstance(await server.show(device, after_s=3599), Verified)
    for after_s in (3600, -1):
        verdict = await server.show(device, after_s=after_s)
        assert "too old" in verdict.reason


async def test_step_11_the_challenge_of_an_enrolment_is_none_for_signing_in(server, device):
    new = await server.ask_for_new()
    asked = await server.ask()
    answer = {"response": device.get(asked.public, client={"challenge": new.public["publicKey"]["challenge"]})}
    verdict = await server.passkeys.finish(server.later(), new.state, answer, server.stored)
    assert verdict == Rejected("the challenge is of another ceremony")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://id.example.com",
        "https://id.example.com:8443",
        "https://sub.id.example.com",
        "https://example.com",
        "https://id.example.com/",
        "https://ID.example.com",
        "https://id.example.com.evil.example",
        "null",
        "",
        None,
        ["https://id.example.com"],
    ],
)
async def test_step_12_any_other_origin_is_refused(server, device, origin):
    await refused(server, device, "is not expected", client={"origin": origin})


async def test_step_13_a_frame_of_another_origin_is_refused(server, device):
    for value in (True, "true", 1, None):
        await refused(server, device, "crossOrigin", client={"crossOrigin": value})


async def test_step_13_browsers_that_do_not_tell_are_let_pass(server, device):
    assert isinstance(await server.show(device, client_without=("crossOrigin",)), Verified)


async def test_step_14_a_top_origin_is_refused_whatever_it_is(server, device):
    for value in ("https://evil.example", ORIGIN, None):
        await refused(server, device, "topOrigin", client={"topOrigin": value})


async def test_step_15_another_rp_id_is_refused(server, device):
    for rp_id in ("example.com", "evil.example", f"sub.{RP_ID}", ""):
        await refused(server, device, "RP ID hash", rp_id=rp_id)


async def test_step_16_nobody_was_present(server, device):
    await refused(server, device, "not present", flags={"up": False})
    await refused(server, device, "not present", first=False, subject=ALICE, flags={"up": False})


async def test_step_17_alone_the_person_has_to_be_verified(server, device):
    await refused(server, device, "user was not verified", flags={"uv": False})


async def test_step_18_backed_up_without_being_eligible_is_refused(server):
    device = await server.enrol()
    await refused(server, device, "Single-device", flags={"bs": True})


@pytest.mark.parametrize("eligible", [True, False])
async def test_step_19_backup_eligibility_never_changes(server, eligible):
    device = await server.enrol(SoftAuthenticator(be=eligible))
    await refused(server, device, "never does", flags={"be": not eligible})


@pytest.mark.parametrize("alg", [-7, -8, -257])
async def test_step_21_a_signature_of_another_key_or_of_none_is_refused(server, alg):
    device = await server.enrol(SoftAuthenticator(key=Key(alg)))
    for wrong in (
        {"key": Key(alg)},
        {"signature": b""},
        {"signature": b"\x30\x06\x02\x01\x00\x02\x01\x00"},
        {"signature": bytes(64)},
    ):
        await refused(server, device, "not verified", **wrong)


async def test_step_21_what_was_signed_can_not_be_changed_afterwards(server, device):
    asked = await server.ask()
    client = {"type": "webauthn.get", "challenge": asked.public["publicKey"]["challenge"], "origin": ORIGIN}
    other = json.dumps(client | {"extra": 1}).encode()
    assert "signature" in (await server.show(device, asked=asked, client_data_after=other)).reason
    head = hashlib.sha256(RP_ID.encode()).digest()
    data = head + bytes([0x1D]) + (9).to_bytes(4, "big")
    assert "signature" in (await server.show(device, data_after=data)).reason


@pytest.mark.parametrize(("count", "accepted"), [(6, True), (5, False), (4, False), (1, False), (0, False)])
async def test_step_22_a_counter_that_does_not_rise_may_be_a_clone_and_the_owner_has_to_hear_of_it(
    server, count, accepted
):
    device = await server.enrol(SoftAuthenticator(count=5))
    verdict = await server.show(device, count=count)
    if accepted:
        assert isinstance(verdict, Verified)
    else:
        assert isinstance(verdict, Rejected)
        assert verdict.suspect == "crd_1"
        assert verdict.reason.startswith("possible clone")
        assert f"is {count}" in verdict.reason


async def test_step_22_a_stranger_without_the_key_raises_no_alarm(server):
    device = await server.enrol(SoftAuthenticator(count=5))
    verdict = await server.show(device, count=1, key=Key())
    assert isinstance(verdict, Rejected)
    assert verdict.suspect is None


async def test_step_22_two_copies_in_turn_are_found_when_the_second_is_used(server):
    device = await server.enrol(SoftAuthenticator(count=5, step=1))
    copy = SoftAuthenticator(key=device.key, id=device.id, user=device.user, count=5, step=1)
    assert isinstance(await server.show(copy), Verified)
    assert (await server.show(device)).suspect == "crd_1"


async def test_step_23_extensions_that_nobody_asked_for_are_ignored(server, device):
    verdict = await server.show(
        device,
        extensions=b"\xa1\x64test\xf5",
        credential={"clientExtensionResults": {"appid": True, "credProps": {"rk": 7}}},
    )
    assert isinstance(verdict, Verified)


@pytest.mark.parametrize(
    "extensions",
    [b"\xa1", b"\xbf\xff", b"\xc0\xa0", b"\x81" * 9 + b"\x00", b"\xa0\x00", b"\x9b" + b"\xff" * 8, b"\x1c"],
)
async def test_step_23_extensions_that_no_authenticator_may_write_are_refused(server, device, extensions):
    verdict = await server.show(device, extensions=extensions)
    assert isinstance(verdict, Rejected)
    assert "CBOR" in verdict.reason or "bytes behind" in verdict.reason


async def test_step_23_a_small_value_that_would_become_a_huge_one_costs_nothing(server, device):
    """A stranger can send it: it is read before any signature is checked. Unguarded, 186 bytes took 3.5 s and 6 MB at 20 doublings."""
    small = bomb(60)
    assert len(small) < 700
    started = time.perf_counter()
    await refused(server, device, "tag", extensions=small)
    assert time.perf_counter() - started < 1


async def test_authenticator_data_with_something_behind_it_is_refused(server, device):
    await refused(server, device, "bytes behind", tail=b"\x00")
    await refused(server, device, "too short", data=b"\x00" * 36)


async def test_step_24_an_update_is_for_the_version_that_was_read(server):
    """The caller applies it by compare-and-set: of two answers at once one wins."""
    device = await server.enrol(SoftAuthenticator(count=1, step=1))
    asked, again = await server.ask(), await server.ask()
    before = list(server.stored)
    answers = [{"response": device.get(each.public)} for each in (asked, again)]
    verdicts = [
        await server.passkeys.finish(server.later(), each.state, answer, before)
        for each, answer in zip((asked, again), answers, strict=True)
    ]
    assert [v.credential_updates[0].version for v in verdicts] == [1, 1]
    assert all(v.credential_updates[0].needed for v in verdicts)


async def test_an_answer_that_is_too_long_is_refused_unread(server, device):
    await refused(server, device, "too long", credential={"padding": "x" * 33_000})


async def test_any_bytes_at_all_are_refused_and_never_a_fault(server, device):
    import random

    generator = random.Random(20261123)
    asked = await server.ask()
    honest = json.loads(device.get(asked.public))
    for _ in range(300):
        name = generator.choice(["clientDataJSON", "authenticatorData", "signature"])
        sent = honest | {"response": honest["response"] | {name: b64(generator.randbytes(generator.randrange(200)))}}
        answer = {"response": json.dumps(sent)}
        verdict = await server.passkeys.finish(server.later(), asked.state, answer, server.stored)
        assert isinstance(verdict, Rejected)


def test_the_guard_lets_pass_what_authenticators_write():
    for good in (b"\xa0", b"\xa1\x01\x02", b"\x83\x01\x20\x43abc", b"\xf5", b"\x1b" + b"\xff" * 8):
        check_one_item(good)
    for bad in (b"", b"\x01\x02", b"\x5f\x41a\xff", b"\x43ab", b"\xd8\x1c\x80", b"\x1f", b"\x19\x01"):
        with pytest.raises(NotCanonical):
            check_one_item(bad)


def test_stored_credentials_show_nothing():
    assert "secret" not in repr(StoredCredential(id="c", data="secret", version=1))
