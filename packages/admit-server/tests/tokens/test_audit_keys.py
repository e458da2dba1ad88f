"""The audit's keys."""

from dataclasses import replace

from admit_server.domain.audit_chain import LogEntry, Mark, Position, genesis, segment_of
from admit_server.tokens.audit_keys import AuditKeys
from admit_server.tokens.envelope import Vault

OLD, NEW = b"o" * 32, b"n" * 32
EVENT = LogEntry(1, "evt_1", 1, "a", "x.y", "", "done", "", "{}")


def keys(*file: bytes) -> AuditKeys:
    return AuditKeys.of(Vault.from_keys(list(file)))


def mark(by: AuditKeys) -> Mark:
    blank = Mark(kind="checkpoint", installation="n", position=Position(1, 1, b"l" * 32), at=5, key_id=by.key_id)
    return by.signed(blank)


def test_the_first_key_of_the_file_seals_and_old_ones_still_check():
    before, after = keys(OLD), keys(NEW, OLD)

    assert before.key_id != after.key_id
    assert after.genuine(mark(before))
    assert after.genuine(mark(after))
    assert not before.genuine(mark(after))


def test_seal_and_signature_both_have_to_fit():
    ours, theirs = keys(OLD), mark(keys(OLD))
    assert not ours.genuine(replace(theirs, mac=b"m" * 32))
    assert not ours.genuine(replace(theirs, signature=b"s" * 64))
    assert not ours.genuine(replace(theirs, signature=b""))
    assert not ours.genuine(replace(theirs, at=6))
    assert not ours.genuine(replace(theirs, kind="dropped"))


def test_a_segment_is_sealed_under_the_key_that_it_names():
    by = keys(NEW, OLD)
    segment = segment_of([EVENT], after=genesis("n"), last=1, sealed_at=1, key_id=keys(OLD).key_id)
    assert by.seal(segment, installation="n") == keys(OLD).seal(segment, installation="n")


def test_what_is_given_away_is_not_what_the_key_file_holds():
    given = keys(OLD)
    assert given.secret_text().startswith(f"admit-audit-key-v1 {given.key_id} ")
    assert given.public_text().startswith(f"admit-audit-public-key-v1 {given.key_id} ")
    for text in (given.secret_text(), given.public_text(), repr(given)):
        assert OLD.hex() not in text
    assert given.secret_text().split()[2] not in given.public_text() + repr(given)
