"""A passkey's way: added, shown alone, shown beside a password, changed by what it says of itself."""

import json
from dataclasses import replace

import pytest
from soft_authenticator import RP_ID, Key, SoftAuthenticator, b64

from admit_server.authenticators.api import (
    Authenticator,
    Enrolled,
    Enrolling,
    Naming,
    NotMine,
    Rejected,
    StoredCredential,
    Subject,
    Verified,
)
from admit_server.authenticators.passkey import PasskeyAuthenticator

pytestmark = pytest.mark.anyio

ALICE = Subject(id="usr_alice", username="alice")
BOB = Subject(id="usr_bob", username="bob")
BOTH = frozenset({"possession", "inherence"})


def test_it_says_what_it_shows_and_is_all_three_kinds_of_authenticator():
    passkeys: Authenticator = PasskeyAuthenticator(rp_id=RP_ID)
    assert (passkeys.name, passkeys.factors, passkeys.phishing_resistant) == ("passkey", BOTH, True)
    assert passkeys.names_the_person
    assert not passkeys.contacts
    assert not passkeys.keeps_secrets
    assert isinstance(passkeys, Naming)
    assert isinstance(passkeys, Enrolling)
    assert passkeys.most == 20


def test_without_a_domain_it_offers_nothing():
    passkeys = PasskeyAuthenticator(rp_id="")
    stored = StoredCredential(id="crd_1", data="{}", version=1)
    assert (passkeys.names_the_person, passkeys.most, passkeys.usable(ALICE, [stored])) == (False, 0, False)


async def test_a_new_passkey_is_asked_for_in_the_form_that_browsers_parse(server):
    first = await server.enrol(SoftAuthenticator(transports=("usb", "nfc")))
    options = (await server.ask_for_new()).public["publicKey"]
    assert options["rp"] == {"id": RP_ID, "name": "Admit"}
    assert options["user"] == {"id": b64(b"usr_alice"), "name": "alice", "displayName": "alice"}
    assert [each["alg"] for each in options["pubKeyCredParams"]] == [-8, -7, -257]
    assert options["excludeCredentials"] == [{"type": "public-key", "id": b64(first.id), "transports": ["usb", "nfc"]}]
    assert options["authenticatorSelection"]["residentKey"] == "preferred"
    assert (options["attestation"], options["timeout"]) == ("none", 300_000)
    assert len(options["challenge"]) == 43


@pytest.mark.parametrize("alg", [-7, -8, -257])
async def test_a_passkey_of_each_algorithm_is_added_and_signs_in_without_a_user_name(server, alg):
    device = await server.enrol(SoftAuthenticator(key=Key(alg)))
    verdict = await server.show(device)
    assert verdict == Verified(amr=("pop", "user", "mfa"), subject="usr_alice", factors=BOTH, used="crd_1")


async def test_what_is_kept_is_all_of_the_credential_record(server):
    device = SoftAuthenticator(be=True, bs=True, count=7, transports=("internal", "hybrid"), platform=True)
    made = await server.enrolment(device)
    assert isinstance(made, Enrolled)
    kept = json.loads(made.data)
    assert kept.pop("key")
    assert kept == {
        "v": 1,
        "user": "usr_alice",
        "id": b64(device.id),
        "rp": RP_ID,
        "count": 7,
        "verified": True,
        "eligible": True,
        "backed_up": True,
        "transports": ["hybrid", "internal"],
        "aaguid": device.aaguid,
        "attested": False,
        "discoverable": True,
        "created": server.later().now,
    }
    assert made.lookup == b64(device.id)


@pytest.mark.parametrize(
    ("device", "label"),
    [
        ({"platform": True, "transports": ("internal",)}, "Passkey on this device"),
        ({"platform": True, "transports": ("internal", "hybrid"), "be": True}, "Passkey"),
        ({"transports": ("hybrid",)}, "Phone"),
        ({"transports": ("usb", "nfc")}, "Security key"),
        ({"transports": ("nfc",)}, "Ring, card or key (NFC)"),
        ({"transports": ()}, "Passkey"),
        ({"transports": ("telepathy",)}, "Passkey"),
    ],
)
async def test_it_gets_a_name_from_how_it_is_reached(server, device, label):
    made = await server.enrolment(SoftAuthenticator(**device))
    assert made.label == label


async def test_as_the_first_proof_no_ids_are_listed_whoever_is_named(server):
    """Sections 14.6.2 and 14.6.3: the list would tell strangers who has passkeys, and of what kind."""
    await server.enrol()
    for subject in (None, ALICE):
        options = (await server.ask(subject=subject)).public["publicKey"]
        assert options["allowCredentials"] == []
        assert options["userVerification"] == "required"
        assert "hints" not in options


async def test_as_the_second_proof_the_persons_own_are_listed_with_their_transports(server):
    ring = await server.enrol(SoftAuthenticator(transports=("nfc",)))
    key = await server.enrol(SoftAuthenticator(transports=("usb",)))
    options = (await server.ask(first=False, subject=ALICE)).public["publicKey"]
    assert options["allowCredentials"] == [
        {"type": "public-key", "id": b64(ring.id), "transports": ["nfc"]},
        {"type": "public-key", "id": b64(key.id), "transports": ["usb"]},
    ]
    assert options["userVerification"] == "preferred"
    assert options["hints"] == ["security-key"]


@pytest.mark.parametrize(
    ("kinds", "hints"),
    [
        ([("usb",), ("nfc",), ("ble",)], ["security-key"]),
        ([("hybrid",)], ["hybrid"]),
        ([("usb",), ("hybrid",)], None),
        ([("internal", "hybrid")], None),
        ([()], None),
    ],
)
async def test_the_browser_gets_a_hint_where_all_keys_are_of_one_kind(server, kinds, hints):
    for transports in kinds:
        await server.enrol(SoftAuthenticator(transports=transports))
    options = (await server.ask(first=False, subject=ALICE)).public["publicKey"]
    assert options.get("hints") == hints


@pytest.mark.parametrize(("verified", "factors"), [(True, BOTH), (False, frozenset({"possession"}))])
async def test_beside_another_proof_the_factors_are_what_was_really_shown(server, verified, factors):
    device = await server.enrol()
    verdict = await server.show(device, first=False, subject=ALICE, flags={"uv": verified})
    assert isinstance(verdict, Verified)
    assert verdict.factors == factors
    assert ("mfa" in verdict.amr) is verified


async def test_a_key_without_user_verification_never_stands_alone(server):
    device = await server.enrol(SoftAuthenticator(uv=False))
    assert "not verified" in (await server.show(device)).reason
    assert isinstance(await server.show(device, first=False, subject=ALICE), Verified)


async def test_user_verification_that_appears_later_counts_only_after_another_proof_stood_beside_it(server):
    """Section 4, uvInitialized: whoever finds a key without a PIN can set one, and would pass as its owner."""
    device = await server.enrol(SoftAuthenticator(uv=False))
    device.uv = True
    assert "can't stand alone" in (await server.show(device)).reason
    beside = await server.show(device, first=False, subject=ALICE)
    assert beside.factors == {"possession"}
    assert (await server.show(device)).factors == BOTH


async def test_a_backup_that_comes_and_goes_is_kept(server):
    device = await server.enrol(SoftAuthenticator(be=True))
    for backed_up in (True, False):
        verdict = await server.show(device, flags={"bs": backed_up})
        (update,) = verdict.credential_updates
        assert (json.loads(update.data)["backed_up"], update.needed) == (backed_up, False)


async def test_a_counter_that_rises_is_an_update_without_which_the_proof_is_not_good(server):
    device = await server.enrol(SoftAuthenticator(count=3, step=1))
    verdict = await server.show(device)
    (update,) = verdict.credential_updates
    assert (json.loads(update.data)["count"], update.needed, update.version) == (4, True, 1)


async def test_a_passkey_that_does_not_count_needs_no_update(server):
    device = await server.enrol()
    assert (await server.show(device)).credential_updates == ()


async def test_its_id_is_the_name_to_look_it_up_by(server):
    device = await server.enrol()
    asked = await server.ask()
    assert server.passkeys.lookup({"response": device.get(asked.public)}) == b64(device.id)
    for text in (
        "",
        "{}",
        "[]",
        '{"id": 5}',
        '{"id": ""}',
        '{"id": "a b"}',
        '{"id": "' + "A" * 1366 + '"}',
        "x" * 40_000,
    ):
        assert server.passkeys.lookup({"response": text}) is None
    assert server.passkeys.lookup({}) is None


async def test_an_empty_or_missing_response_is_not_its_own(server):
    asked, new = await server.ask(), await server.ask_for_new()
    for response in ({}, {"response": ""}, {"password": "x"}):
        assert await server.passkeys.finish(server.later(), asked.state, response, ()) == NotMine()
        assert await server.passkeys.finish_enrolment(server.later(), new.state, response, ()) == NotMine()


async def test_several_of_one_person_each_work(server):
    devices = [await server.enrol(SoftAuthenticator(key=Key(alg))) for alg in (-7, -8, -7)]
    for number, device in enumerate(devices, 1):
        assert (await server.show(device)).used == f"crd_{number}"


async def test_after_a_move_to_another_domain_the_old_ones_are_left_out(server, another_server):
    """A browser would never offer them at the new RP id, and the person has to be asked for something else."""
    await server.enrol()
    moved = another_server(rp_id="new.example.com")
    moved.stored = server.stored
    assert server.passkeys.usable(ALICE, server.stored)
    assert not moved.passkeys.usable(ALICE, moved.stored)
    assert (await moved.ask_for_new()).public["publicKey"]["excludeCredentials"] == []


async def test_a_record_of_another_version_fails_closed(server):
    device = await server.enrol()
    server.stored = [replace(server.stored[0], data=server.stored[0].data.replace('"v":1', '"v":2'))]
    with pytest.raises(ValueError, match="another version"):
        await server.show(device)


async def test_keys_are_in_no_representation(server):
    from admit_server.authenticators.passkey.record import read

    await server.enrol()
    record = read(server.stored[0])
    assert record.key not in repr(record)


async def test_an_app_s_origin_and_related_origins_are_accepted_when_they_are_named(another_server):
    app = "android:apk-key-hash:7d1043473d55bfa90e8530d35801d4e381bc69f0"
    server = another_server(origins=(app,), related_origins=("https://example.net",))
    device = await server.enrol()
    for origin in (app, "https://example.net"):
        assert isinstance(await server.show(device, client={"origin": origin}), Verified)
    assert isinstance(await server.show(device, client={"origin": "https://example.org"}), Rejected)


async def test_user_verification_can_be_required_of_every_key(another_server):
    server = another_server(user_verification="required")
    assert isinstance(await server.enrolment(SoftAuthenticator(uv=False)), Rejected)
    device = await server.enrol()
    assert isinstance(await server.show(device, first=False, subject=ALICE, flags={"uv": False}), Rejected)
