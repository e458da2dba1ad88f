"""The program that checks an exported log: alone, from a file, against 500 random changes."""

import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from admit_server import audit_verifier
from admit_server.audit_verifier import Bad, Keys, Unanswerable, main, verify
from admit_server.domain.audit_chain import LogEntry, Mark, canonical_json, genesis, segment_of
from admit_server.tokens.audit_keys import AuditKeys
from admit_server.tokens.envelope import Vault

NONCE = "anInstallat"
SIGNER = AuditKeys.of(Vault.from_keys([b"k" * 32]))
ALL = Keys(SIGNER.secret_text() + SIGNER.public_text())
SEALS, SIGNATURES, NONE = Keys(SIGNER.secret_text()), Keys(SIGNER.public_text()), Keys()
TRIES = 500


def exported(sizes=(3, 1, 4, 1, 5), *, at: int = 1_800_000_000) -> tuple[list[str], list[str]]:
    """An export as the server writes it, and its checkpoints."""
    start = genesis(NONCE)
    opening = {"first": 1, "previous": start.link.hex(), "installation": NONCE}
    lines = [canonical_json({"kind": "log", "format": 1, "at": at, **opening})]
    checkpoints, position = [], start
    for size in sizes:
        entries = [
            LogEntry(
                seq, f"evt_{seq}", at, "cli_1", "token.issued", f"grt_{seq}", "done", "192.0.2.1", '{"n":1,"ä":"\\n"}'
            )
            for seq in range(position.seq + 1, position.seq + 1 + size)
        ]
        segment = segment_of(entries, after=position, last=position.seq + size, sealed_at=at, key_id=SIGNER.key_id)
        segment = SIGNER.seal(segment, installation=NONCE)
        lines += [
            canonical_json({"kind": "event", "link": segment.link_of(e.seq).hex(), **e.as_document()}) for e in entries
        ]
        lines.append(canonical_json(segment.document(NONCE) | {"mac": segment.mac.hex()}))
        position = segment.end
        mark = Mark(kind="checkpoint", installation=NONCE, position=position, at=at, key_id=SIGNER.key_id)
        checkpoints.append(SIGNER.signed(mark).line())
    closing = {
        "kind": "end",
        "at": at,
        "last": position.seq,
        "link": position.link.hex(),
        "key": SIGNER.key_id,
        **opening,
    }
    seal, signature = SIGNER.sign(closing)
    return [*lines, canonical_json(closing | {"mac": seal.hex(), "signature": signature.hex()})], checkpoints


LINES, CHECKPOINTS = exported()


@pytest.mark.parametrize("keys", [ALL, SEALS, SIGNATURES, NONE])
def test_an_untouched_export_is_good(keys):
    assert verify(LINES, keys, CHECKPOINTS) == {
        "installation": NONCE, "first": 1, "last": 14, "segments": 5, "checkpoints": 5
    }  # fmt: skip


def edited(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    how = rng.randrange(4)
    if how == 0:
        return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
    if how == 1:
        return data[:at] + data[at + 1 :]
    if how == 2:
        return data[:at] + bytes([rng.choice(b'0aZ" {}\n\xff')]) + data[at:]
    lines = data.split(b"\n")
    number = rng.randrange(len(lines) - 1)
    record = json.loads(lines[number])
    name = rng.choice(sorted(set(record) - {"kind"}))
    old = record[name]
    record[name] = old + 1 if isinstance(old, int) else {**old, "more": 1} if isinstance(old, dict) else old + "0"
    lines[number] = canonical_json(record).encode()
    return b"\n".join(lines)


def deleted(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    first = rng.randrange(len(lines) - 1)
    del lines[first : first + rng.choice([1, 1, 2, 5])]
    return b"\n".join(lines)


def inserted(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    more = rng.choice([rng.choice(lines[:-1]), b"{}", b"", rng.choice(CHECKPOINTS).encode(), b'{"kind":"event"}'])
    lines.insert(rng.randrange(len(lines)), more)
    return b"\n".join(lines)


def swapped(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    one, other = rng.sample(range(len(lines) - 1), 2)
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def truncated(rng: random.Random, data: bytes) -> bytes:
    if rng.random() < 0.5:
        return data[: rng.randrange(len(data))]
    lines = data.split(b"\n")
    return b"\n".join([*lines[: rng.randrange(len(lines) - 1)], b""])


def place_of_change(before: bytes, after: bytes) -> int:
    """The first line that differs."""
    pairs = zip(before.split(b"\n"), after.split(b"\n"), strict=False)
    return next((number for number, (one, other) in enumerate(pairs, 1) if one != other), len(after.split(b"\n")))


@pytest.mark.parametrize("change", [edited, deleted, inserted, swapped, truncated])
def test_every_change_of_the_file_is_found_and_its_place_named(change, tmp_path, capsys, record_property):
    """500 random ones over the five kinds; the line that is named is the first one changed, or what it belongs to."""
    file, keys, data = tmp_path / "export.jsonl", tmp_path / "keys", ("\n".join(LINES) + "\n").encode()
    keys.write_text(SIGNER.secret_text() + SIGNER.public_text())
    ends_of_segments = [number for number, line in enumerate(LINES, 1) if '"kind":"segment"' in line]
    rng, found, tries = random.Random(change.__name__), 0, TRIES // 5
    for _ in range(tries):
        while (altered := change(rng, data)) == data:
            pass
        file.write_bytes(altered)
        code = main([str(file), "--key-file", str(keys)])
        said = capsys.readouterr().err
        assert code in (1, 2), (altered, said)
        found += 1
        if code == 2:  # a format that this program does not know: the first line was changed
            assert place_of_change(data, altered) == 1
            continue
        changed = place_of_change(data, altered)
        if (named := re.search(r"line (\d+)", said)) is None:
            assert "the end of the file" in said
        elif changed > 1:
            # An event shows at once; a seal that is gone shows at the next one, which names it.
            seals = [end for end in ends_of_segments if end >= changed] + [len(LINES)] * 2
            assert changed - 1 <= int(named[1]) <= seals[1] + 1, said
    record_property("figure", f"{found} of {tries} found")


@pytest.mark.parametrize(
    ("cut", "keys"),
    [(2, ALL), (3, NONE)],
    ids=["with keys", "without: the checkpoints contradict, or the chain breaks"],
)
def test_a_shorter_export_is_contradicted_by_a_checkpoint(cut, keys):
    """An older export is genuine, and says less than was sealed by the time that it claims."""
    old, _ = exported((3, 1, 4, 1, 5)[:cut])
    assert verify(old, keys)["segments"] == cut
    with pytest.raises(Bad, match="cut off, a checkpoint saw event"):
        verify(old, keys, CHECKPOINTS)


def test_a_younger_checkpoint_does_not_speak_against_an_older_export():
    old, _ = exported((3, 1), at=1_700_000_000)
    assert verify(old, ALL, [])["last"] == 4
    assert verify(old, ALL, [CHECKPOINTS[-1]])["checkpoints"] == 0


def test_who_has_no_key_can_not_make_an_export():
    forger = AuditKeys.of(Vault.from_keys([b"f" * 32]))
    forged = [line.replace(SIGNER.key_id, forger.key_id) for line in LINES]
    assert forged != LINES
    for keys in (SEALS, SIGNATURES):
        with pytest.raises(Bad, match="which the key file does not hold"):
            verify(forged, keys)
    other = Keys(SIGNER.secret_text().replace(SIGNER.key_id, "0" * 16))
    with pytest.raises(Bad, match="which the key file does not hold"):
        verify(LINES, other)


def test_without_keys_the_program_says_what_it_did_not_prove(tmp_path, capsys):
    file = tmp_path / "export"
    file.write_text("\n".join(LINES) + "\n")
    assert main([str(file)]) == 0
    said = capsys.readouterr()
    assert "checked: links." in said.out
    assert "a forger could have made all of it" in said.err


@pytest.mark.parametrize("text", ["admit-key-v1 abc", "nonsense", "admit-audit-key-v1 k zz", "a b c"])
def test_a_file_that_holds_no_keys_is_refused(text):
    with pytest.raises(Unanswerable, match="admit audit key"):
        Keys(text)


def test_a_file_that_is_not_there_is_no_verdict(tmp_path, capsys):
    assert main([str(tmp_path / "none")]) == 2
    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", ["", "\n", "hello\n", "[]\n", '{"kind":[]}\n', "1\n", "9" * 5000 + "\n", "[" * 9000 + "\n"]
)
def test_something_else_than_an_export_is_refused_with_a_sentence(tmp_path, capsys, text):
    file = tmp_path / "export"
    file.write_text(text)
    assert main([str(file)]) == 1
    assert "line 1" in capsys.readouterr().err


def test_it_runs_alone_with_nothing_but_the_standard_library(tmp_path):
    """Copied away, in a Python that sees no installed package."""
    program = shutil.copy(Path(audit_verifier.__file__), tmp_path / "audit_verifier.py")
    (tmp_path / "keys").write_text(SIGNER.secret_text())
    command = [sys.executable, "-I", "-S", str(program), "-", "--key-file", str(tmp_path / "keys"), "--json"]
    text = "\n".join(LINES) + "\n"

    good = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    bad = subprocess.run(command, input=text.replace("grt_7", "grt_8", 1), capture_output=True, text=True, check=False)

    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout) == {
        "good": True, "installation": NONCE, "first": 1, "last": 14, "segments": 5, "checkpoints": 0,
        "seals": True, "signatures": False,
    }  # fmt: skip
    assert bad.returncode == 1
    assert "event 7" in json.loads(bad.stdout)["why"]


def test_signatures_need_a_package_and_say_so(tmp_path):
    program = shutil.copy(Path(audit_verifier.__file__), tmp_path / "audit_verifier.py")
    (tmp_path / "keys").write_text(SIGNER.public_text())
    command = [sys.executable, "-I", "-S", str(program), "-", "--key-file", str(tmp_path / "keys")]
    done = subprocess.run(command, input="\n".join(LINES) + "\n", capture_output=True, text=True, check=False)
    assert (done.returncode, "cryptography" in done.stderr) == (2, True)


def test_the_example_of_the_reference_is_good():
    """So whoever writes another checker has something to try it on."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "audit-log.md").read_text()
    (export,) = re.findall(r"```jsonl\n(.*?)```", page, re.DOTALL)
    (keys,) = re.findall(r"```text\n(admit-audit-key.*?)```", page, re.DOTALL)
    assert verify(export.splitlines(), Keys(keys))["last"] == 1
    assert export.splitlines() == exported((1,))[0]
