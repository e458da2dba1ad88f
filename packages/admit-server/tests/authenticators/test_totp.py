"""Codes of apps: the vectors of the RFCs, each step once, and an enrolment that a scanner can read."""

import base64
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from hypothesis import given
from hypothesis import strategies as st

from admit_server.authenticators.api import Context, NotMine, Rejected, StoredCredential, Subject, Verified
from admit_server.authenticators.totp import Device, TotpAuthenticator, qr_path

pytestmark = pytest.mark.anyio

VECTORS = Path(__file__).parent / "vectors"
RFC_6238 = json.loads((VECTORS / "rfc6238_appendix_b.json").read_text())
RFC_4226 = json.loads((VECTORS / "rfc4226_appendix_d.json").read_text())
SECRET = b"12345678901234567890"
NOW = 1_800_000_000
ALICE = Subject(id="usr_1", username="alice")


def context(now=NOW):
    async def no_hash(*_):
        raise AssertionError("a code is never hashed")

    return Context(
        now=now,
        entropy=lambda size: SECRET[:size],
        verify_hash=no_hash,
        make_hash=no_hash,
        needs_rehash=lambda _: False,
        issuer="https://id.example.com",
    )


def code_at(now, secret=SECRET):
    return HOTP(secret, 6, SHA1()).generate(now // 30).decode()


def stored(step=-1, secret=SECRET, id="crd_1", version=4):
    return StoredCredential(id=id, data=Device(secret=secret, step=step).written(), version=version)


async def judged(code, *credentials, now=NOW):
    return await TotpAuthenticator().finish(context(now), b"", {"totp": code}, credentials)


@pytest.mark.parametrize("row", RFC_6238["codes"], ids=lambda row: row["time"])
@pytest.mark.parametrize("algorithm", RFC_6238["secrets"])
def test_the_codes_of_rfc_6238_appendix_b_are_accepted_at_their_times(row, algorithm):
    device = Device(secret=RFC_6238["secrets"][algorithm].encode(), algorithm=algorithm, digits=8)
    assert device.step_of(row[algorithm], now=row["time"]) == row["time"] // 30


@pytest.mark.parametrize(("step", "code"), list(enumerate(RFC_4226["codes"])))
def test_the_codes_of_rfc_4226_appendix_d_are_those_of_its_counters(step, code):
    assert Device(secret=RFC_4226["secret"].encode()).step_of(code, now=step * 30) == step


async def test_a_right_code_proves_possession_and_uses_up_its_step():
    verdict = await judged(code_at(NOW), stored())
    assert isinstance(verdict, Verified)
    assert (verdict.amr, verdict.used, verdict.subject) == (("otp",), "crd_1", None)
    (update,) = verdict.credential_updates
    assert (update.id, update.version, update.needed) == ("crd_1", 4, True)
    again = StoredCredential(id="crd_1", data=update.data, version=5)
    assert isinstance(await judged(code_at(NOW), again), Rejected)


@pytest.mark.parametrize(("away_s", "good"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
async def test_one_step_before_and_one_after_are_good(away_s, good):
    assert isinstance(await judged(code_at(NOW + away_s), stored()), Verified) is good


async def test_a_step_before_the_last_one_is_never_good():
    """Otherwise the code that somebody looked at over the shoulder would outlive its successor."""
    verdict = await judged(code_at(NOW + 30), stored())
    later = StoredCredential(id="crd_1", data=verdict.credential_updates[0].data, version=5)
    for away_s in (-30, 0, 30):
        assert isinstance(await judged(code_at(NOW + away_s), later), Rejected)
    assert isinstance(await judged(code_at(NOW + 60), later, now=NOW + 30), Verified)


async def test_any_of_several_devices_will_do_and_only_its_own_step_is_used_up():
    other = b"another secret of 20"
    verdict = await judged(code_at(NOW, other), stored(), stored(secret=other, id="crd_2", version=9))
    assert (verdict.used, verdict.credential_updates[0].version) == ("crd_2", 9)


@pytest.mark.parametrize("code", ["{} {}", "{}-{}", " {}{}\n", "\u2007{}\u00a0{}"])
async def test_blanks_and_hyphens_are_forgiven(code):
    right = code_at(NOW)
    assert isinstance(await judged(code.format(right[:3], right[3:]), stored()), Verified)


async def test_the_wide_digits_of_a_japanese_keyboard_are_the_same_digits():
    wide = "".join(chr(ord(digit) - ord("0") + ord("０")) for digit in code_at(NOW))
    assert isinstance(await judged(wide, stored()), Verified)


@pytest.mark.parametrize(
    "code", ["", "000000", "12345", "1234567", "abcdef", "\x00" * 6, "9" * 100_000, "٣" * 6, "-1234"]
)
async def test_anything_else_is_rejected(code):
    assert code != code_at(NOW)
    assert isinstance(await judged(code, stored()), Rejected)


@given(st.text(max_size=40))
def test_no_text_makes_it_raise(text):
    import asyncio

    assert isinstance(asyncio.run(judged(text, stored())), Rejected | Verified)


async def test_a_person_without_an_app_costs_the_same_work(monkeypatch):
    made = []
    generate = HOTP.generate

    class Counting(HOTP):
        def generate(self, counter):
            made.append(counter)
            return generate(self, counter)

    monkeypatch.setattr("admit_server.authenticators.totp.HOTP", Counting)
    counts = []
    for credentials in ((), (stored(),), (stored(), stored(id="crd_2"))):
        await judged("000000", *credentials)
        counts.append(len(made))
        made.clear()
    assert len(set(counts)) == 1


async def test_nobody_has_the_code_of_the_stand_in():
    assert isinstance(await judged(code_at(NOW, bytes(20))), Rejected)


async def test_a_response_for_another_authenticator_is_not_its_own():
    assert await TotpAuthenticator().finish(context(), b"", {"password": "x"}, (stored(),)) == NotMine()
    assert await TotpAuthenticator().finish_enrolment(context(), b"", {"password": "x"}, ()) == NotMine()


async def test_an_enrolment_shows_one_secret_in_three_ways():
    challenge = await TotpAuthenticator().begin_enrolment(context(), ALICE, ())
    shown = challenge.public
    uri = urlsplit(shown["uri"])
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == ("otpauth", "totp", "/id.example.com:alice")
    values = parse_qs(uri.query)
    assert values == {"secret": [base64.b32encode(SECRET).decode()], "issuer": ["id.example.com"]}
    assert shown["secret"].replace(" ", "") == values["secret"][0]
    assert all(len(group) == 4 for group in shown["secret"].split(" "))
    assert shown["qr_path"].startswith("M4 4.5h7")  # the first finder pattern, behind the quiet zone


async def test_names_that_would_break_the_address_are_written_safely():
    subject = Subject(id="usr_1", username="alice: the 1st & only?")
    authenticator = TotpAuthenticator(issuer="Müller: Söhne", algorithm="SHA256", digits=8)
    uri = (await authenticator.begin_enrolment(context(), subject, ())).public["uri"]
    assert unquote(urlsplit(uri).path) == "/Müller  Söhne:alice  the 1st & only?"
    assert parse_qs(urlsplit(uri).query)["issuer"] == ["Müller  Söhne"]
    assert parse_qs(urlsplit(uri).query)["algorithm"] == ["SHA256"]
    assert parse_qs(urlsplit(uri).query)["digits"] == ["8"]
    assert "+" not in uri


async def test_one_right_code_confirms_the_enrolment_and_is_used_up():
    authenticator = TotpAuthenticator()
    state = (await authenticator.begin_enrolment(context(), ALICE, ())).state
    wrong = await authenticator.finish_enrolment(context(), state, {"totp": "000000"}, ())
    assert isinstance(wrong, Rejected)
    made = await TotpAuthenticator().finish_enrolment(context(), state, {"totp": code_at(NOW)}, ())
    assert made.label
    kept = StoredCredential(id="crd_1", data=made.data, version=1)
    assert isinstance(await judged(code_at(NOW), kept), Rejected)
    assert isinstance(await judged(code_at(NOW + 30), kept, now=NOW + 30), Verified)


async def test_eight_digits_and_another_hash_stay_with_the_device_when_the_options_change():
    state = (await TotpAuthenticator().begin_enrolment(context(), ALICE, ())).state
    long = TotpAuthenticator(algorithm="SHA512", digits=8)
    from cryptography.hazmat.primitives.hashes import SHA512

    code = HOTP(SECRET, 8, SHA512()).generate(NOW // 30).decode()
    made = await long.finish_enrolment(context(), state, {"totp": code}, ())
    later = HOTP(SECRET, 8, SHA512()).generate(NOW // 30 + 1).decode()
    kept = StoredCredential(id="crd_1", data=made.data, version=1)
    assert isinstance(await judged(later, kept), Verified)


@pytest.mark.parametrize("options", [{"algorithm": "MD5"}, {"digits": 7}, {"digits": "six"}])
def test_options_that_no_app_knows_are_refused(options):
    with pytest.raises(ValueError, match="has to be"):
        TotpAuthenticator(**options)


def test_the_drawing_is_the_code_itself():
    """Painted into a grid again, the path gives every dark module and no other."""
    import segno

    text = "otpauth://totp/id.example.com:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=id.example.com"
    size, path = qr_path(text)
    grid = [[0] * size for _ in range(size)]
    x = y = 0
    for way, first, second, length in re.findall(r"([Mm])(\d+) ([\d.]+)h(\d+)", path):
        x, y = (int(first), int(float(second) - 0.5)) if way == "M" else (x + int(first), y)
        grid[y][x : x + int(length)] = [1] * int(length)
        x += int(length)
    assert grid == [list(row) for row in segno.make_qr(text, error="m").matrix_iter(border=4)]


async def test_secrets_are_in_no_representation():
    challenge = await TotpAuthenticator().begin_enrolment(context(), ALICE, ())
    made = await TotpAuthenticator().finish_enrolment(context(), challenge.state, {"totp": code_at(NOW)}, ())
    text = repr((Device(secret=SECRET), challenge, made, stored(), TotpAuthenticator()))
    assert base64.b32encode(SECRET).decode() not in text
    assert challenge.public["secret"] not in text
    assert "1234567890" not in text
