"""WebAuthn L3 section 7.1, "Registering a New Credential": one attack for each step, named by its number.

Steps 1, 2 and 4 are the browser's and the page's script (tests/browser).
"""

import json

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from soft_authenticator import MODEL, ORIGIN, RP_ID, Key, Maker, SoftAuthenticator, b64, bomb

from admit_server.authenticators.api import Enrolled, Rejected
from admit_server.authenticators.registry import UnknownAuthenticator, load

pytestmark = pytest.mark.anyio

OTHER_MODEL = "2fc0579f-8113-47ea-b116-bb5a8db9202a"


async def refused(server, reason, device=None, **wrong):
    """That it is refused for this reason, and that the honest way works beside it."""
    device = device or SoftAuthenticator()
    verdict = await server.enrolment(device, **wrong)
    assert isinstance(verdict, Rejected), verdict
    assert reason in verdict.reason
    assert isinstance(await server.enrolment(SoftAuthenticator()), Enrolled)


async def test_step_3_what_is_no_attestation_is_refused(server):
    asked = await server.ask_for_new()
    shown = SoftAuthenticator().get((await server.ask()).public)
    for text in ("{", "null", '"text"', "{}", '{"response": {}}', "[" * 5000, shown):
        verdict = await server.passkeys.finish_enrolment(server.later(), asked.state, {"response": text}, ())
        assert isinstance(verdict, Rejected), text
    for name in ("clientDataJSON", "attestationObject"):
        await refused(server, "not base64url", response_without=(name,))
    await refused(server, "not public-key", credential={"type": "password"})
    await refused(server, "id and rawId differ", raw_id=b"another")


async def test_steps_5_and_6_client_data_that_is_no_json_object_of_utf_8_is_refused(server):
    for data in (b"", b"\xff\xfe{}", b"[]", b"{", '{"type":"webauthn.create"}'.encode("utf-16")):
        assert isinstance(await server.enrolment(SoftAuthenticator(), client_data=data), Rejected)


async def test_step_5_a_byte_order_mark_is_stripped(server):
    verdict = await server.enrolment(SoftAuthenticator(), before_client_data=b"\xef\xbb\xbf")
    assert isinstance(verdict, Enrolled)


async def test_step_7_client_data_of_another_ceremony_is_refused(server):
    for type in ("webauthn.get", "", None):
        await refused(server, "type is not webauthn.create", client={"type": type})


async def test_step_8_another_challenge_is_refused(server):
    earlier = (await server.ask_for_new()).public["publicKey"]["challenge"]
    for challenge in (earlier, b64(b"x" * 32), "", None):
        await refused(server, "challenge is not", client={"challenge": challenge})


async def test_step_8_a_challenge_of_signing_in_is_none_for_adding(server):
    new, asked = await server.ask_for_new(), await server.ask()
    text = SoftAuthenticator().create(new.public, client={"challenge": asked.public["publicKey"]["challenge"]})
    verdict = await server.passkeys.finish_enrolment(server.later(), asked.state, {"response": text}, ())
    assert verdict == Rejected("the challenge is of another ceremony")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://id.example.com", f"{ORIGIN}:8443", "null", "", None]
)
async def test_step_9_any_other_origin_is_refused(server, origin):
    await refused(server, "is not expected", client={"origin": origin})


async def test_step_10_a_frame_of_another_origin_is_refused(server):
    for value in (True, "true", 1):
        await refused(server, "crossOrigin", client={"crossOrigin": value})


async def test_step_11_a_top_origin_is_refused_whatever_it_is(server):
    for value in ("https://evil.example", ORIGIN):
        await refused(server, "topOrigin", client={"topOrigin": value})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xa0",
        b"\xff",
        cbor2.dumps([1]),
        cbor2.dumps({"fmt": "none", "attStmt": {}}),
        cbor2.dumps({"fmt": "none", "authData": 5}),
    ],
)
async def test_step_13_an_attestation_object_that_is_none_is_refused(server, data):
    assert isinstance(await server.enrolment(SoftAuthenticator(), attestation_object=data), Rejected)


async def test_step_13_a_member_twice_is_refused(server):
    """Section 2.3: "SHOULD reject messages with duplicate map keys"."""
    twice = b"\xa2\x63fmt\x64none\x63fmt\x64none"
    await refused(server, "not verified", attestation_object=twice)


async def test_step_13_a_small_value_that_would_become_a_huge_one_is_refused(server):
    await refused(server, "tag", cose=bomb(60))
    await refused(server, "tag", attestation_object=bomb(60))
    await refused(server, "tag", extensions=bomb(60))


async def test_step_14_another_rp_id_is_refused(server):
    for rp_id in ("example.com", "evil.example", f"sub.{RP_ID}"):
        await refused(server, "RP ID hash", rp_id=rp_id)


async def test_step_15_nobody_was_present(server):
    await refused(server, "presence was required", flags={"up": False})


async def test_step_16_user_verification_that_is_required_has_to_be_shown(another_server):
    server = another_server(user_verification="required")
    await refused(server, "not verified", flags={"uv": False})


async def test_step_17_backed_up_without_being_eligible_is_refused(server):
    await refused(server, "Single-device", flags={"bs": True})


async def test_step_20_an_algorithm_that_was_not_offered_is_refused(server):
    other = Key()
    other.alg = -47
    await refused(server, "alg", SoftAuthenticator(key=other))


async def test_step_20_the_key_fits_its_algorithm(server):
    """Section 5.8.5: ES256 is on P-256. And no RSA key that is too short."""
    await refused(server, "P-256", SoftAuthenticator(key=Key(curve=ec.SECP384R1())))
    await refused(server, "too short", SoftAuthenticator(key=Key(-257, rsa_bits=1024)))


@pytest.mark.parametrize(
    "key",
    [
        {1: 2, 3: -7, -1: 1, -2: b"\x01" * 32, -3: b"\x01" * 32},
        {1: 2, 3: -7, -1: 1, -2: b"", -3: b""},
        {1: 1, 3: -8, -1: 6, -2: b"\x01"},
        {1: 1, 3: -8, -1: 7, -2: b"\x01" * 57},
        {1: 2, 3: -7},
        {1: 99, 3: -7},
        {},
        [],
    ],
)
async def test_step_20_what_is_no_key_is_refused_when_it_is_added_and_not_when_it_is_needed(server, key):
    """A point that is not on the curve among them."""
    verdict = await server.enrolment(SoftAuthenticator(), cose=cbor2.dumps(key))
    assert isinstance(verdict, Rejected)


async def test_step_21_a_format_that_nobody_knows_is_refused(server):
    for fmt in ("None", "PACKED", "compound", "", 5):
        await refused(server, "not verified", fmt=fmt)


async def test_step_22_a_statement_where_there_is_none_is_refused(server):
    await refused(server, "unexpected attestation statement", statement={"sig": b"x"})


async def test_step_22_a_self_attestation_is_verified_also_where_none_was_asked(server):
    assert isinstance(await server.enrolment(SoftAuthenticator(), attestation="self"), Enrolled)
    await refused(server, "signature", attestation="self", statement={"sig": Key().sign(b"x")})
    await refused(server, "alg", attestation="self", statement={"alg": -257})


@pytest.fixture
def maker():
    return Maker()


@pytest.fixture
def strict(another_server, maker, tmp_path):
    """Only keys of this maker, and only one model."""
    (tmp_path / "roots.pem").write_bytes(maker.pem())

    def made(**options):
        given = {"attestation": "required", "attestation_roots": [tmp_path / "roots.pem"], "allowed_models": [MODEL]}
        return another_server(**given | options)

    return made


async def test_steps_22_to_24_a_model_that_its_maker_vouches_for_is_added(strict, maker):
    server = strict()
    assert (await server.ask_for_new()).public["publicKey"]["attestation"] == "direct"
    made = await server.enrolment(SoftAuthenticator(), attestation=maker.attester())
    assert json.loads(made.data)["attested"] is True
    device = await server.enrol(SoftAuthenticator(), attestation=maker.attester())
    assert (await server.show(device)).amr == ("hwk", "user", "mfa")


async def judged(server, reason, **wrong):
    verdict = await server.enrolment(SoftAuthenticator(), **wrong)
    assert isinstance(verdict, Rejected), verdict
    assert reason in verdict.reason


async def test_step_24_no_attestation_and_self_attestation_are_not_enough_where_one_is_required(strict):
    await judged(strict(), "without a certificate")
    await judged(strict(), "without a certificate", attestation="self")


async def test_step_24_another_maker_is_refused(strict):
    await judged(strict(), "chain", attestation=Maker("Somebody").attester())


async def test_step_24_a_certificate_that_vouches_for_itself_is_refused(strict):
    pretender = Maker()
    await judged(strict(), "chain", attestation=(pretender.key, pretender.root))


async def test_step_22_a_signature_of_another_key_than_the_certificates_is_refused(strict, maker):
    _, certificate = maker.attester()
    await judged(strict(), "signature", attestation=(ec.generate_private_key(ec.SECP256R1()), certificate))


async def test_step_22_a_certificate_of_one_model_vouches_for_no_other(strict, maker):
    """The library leaves this open: any key of the maker could pass as the best one."""
    await judged(strict(), "of the model", attestation=maker.attester(model=OTHER_MODEL))


async def test_step_24_a_model_that_is_not_allowed_is_refused_and_one_without_a_name_too(strict, maker):
    server = strict(allowed_models=[OTHER_MODEL])
    await judged(server, "not among the allowed", attestation=maker.attester())
    await judged(server, "names no model", attestation=maker.attester(model=None))


async def test_step_24_without_a_list_every_model_of_the_maker_is_added(strict, maker):
    for attester in (maker.attester(), maker.attester(model=None)):
        made = await strict(allowed_models=()).enrolment(SoftAuthenticator(), attestation=attester)
        assert isinstance(made, Enrolled)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"unit": "Web Server"}, "not one for authenticator attestation"),
        ({"country": None}, "countryName"),
        ({"ca": True}, "an authority"),
        ({"ca": None}, "no basic constraints"),
        ({"critical": True}, ""),
        ({"wrapped": False}, "can't be read"),
    ],
)
async def test_step_22_the_certificate_is_one_for_attestation(strict, maker, wrong, reason):
    """Section 8.2.1."""
    await judged(strict(), reason, attestation=maker.attester(**wrong))


async def test_step_25_an_id_beyond_1023_bytes_is_refused(server):
    await refused(server, "longer than 1023", SoftAuthenticator(id=b"x" * 1024))
    await refused(server, "", SoftAuthenticator(id=b""))
    assert isinstance(await server.enrolment(SoftAuthenticator(id=b"x" * 1023)), Enrolled)


async def test_step_25_the_id_in_the_authenticator_data_is_the_one_that_was_named(server):
    """The library leaves this open: a key could be stored under the id of another."""
    await refused(server, "another one", attested_id=b"x" * 32)


async def test_step_26_one_passkey_is_added_once(server):
    device = await server.enrol()
    await refused(server, "added before", device)


async def test_step_28_extensions_that_nobody_asked_for_are_ignored(server):
    verdict = await server.enrolment(
        SoftAuthenticator(),
        extensions=b"\xa1\x6bhmac-secret\xf5",
        credential={"clientExtensionResults": {"credProps": "x", "prf": {"enabled": True}}},
    )
    assert json.loads(verdict.data)["discoverable"] is None


async def test_without_attested_data_there_is_nothing_to_add(server):
    await refused(server, "attested credential data", without_key=True)
    await refused(server, "bytes behind", tail=b"\x00")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"attestation": "required"}, "needs attestation_roots"),
        ({"attestation": "maybe"}, "none or required"),
        ({"allowed_models": [MODEL]}, "need attestation = required"),
        ({"attestation_roots": ["roots.pem"]}, "need attestation = required"),
        ({"attestation": "required", "attestation_roots": ["nowhere.pem"]}, "No such file"),
    ],
)
def test_options_that_contradict_each_other_are_told_at_the_start(options, why):
    with pytest.raises(UnknownAuthenticator, match=why):
        load(("passkey",), {"passkey": {"rp_id": RP_ID} | options})


def test_a_file_without_certificates_and_a_model_that_is_none_are_told_at_the_start(tmp_path, maker):
    (tmp_path / "empty.pem").write_text("")
    (tmp_path / "roots.pem").write_bytes(maker.pem())
    for roots, models in (("empty.pem", []), ("roots.pem", ["my ring"])):
        options = {"attestation": "required", "attestation_roots": [tmp_path / roots], "allowed_models": models}
        with pytest.raises(UnknownAuthenticator, match="can't be loaded"):
            load(("passkey",), {"passkey": {"rp_id": RP_ID} | options})


def test_several_roots_may_stand_in_one_file(tmp_path, maker):
    from admit_server.authenticators.passkey.attestation import attestation_of

    (tmp_path / "roots.pem").write_bytes(maker.pem() + Maker("Another").pem())
    policy = attestation_of("required", [tmp_path / "roots.pem"], [])
    assert len(policy.roots) == 2
    assert all(x509.load_pem_x509_certificate(root) for root in policy.roots)
