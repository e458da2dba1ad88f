"""Checking a chain, without a database."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admit_server.domain.audit_chain import LogEntry, LogHead, Mark, Position, genesis, segment_of
from admit_server.domain.audit_check import ChainCheck, Finding, beyond, check_marks, moment

NONCE, KEY = "nonce", b"k" * 32
SIZES = (3, 1, 5, 2)


def entry(seq: int) -> LogEntry:
    return LogEntry(seq, f"evt_{seq}", 100 + seq, "cli_1", "token.issued", f"grt_{seq}", "done", "192.0.2.1", '{"n":1}')


def chain(sizes=SIZES):
    """Segments with their events."""
    made, at = [], genesis(NONCE)
    for size in sizes:
        events = [entry(at.seq + 1 + n) for n in range(size)]
        segment = segment_of(events, after=at, last=at.seq + size, sealed_at=at.seq, key_id="k").sealed(NONCE, KEY)
        made.append((segment, events))
        at = segment.end
    return made


def checkpoint(position: Position) -> Mark:
    return Mark(kind="checkpoint", installation=NONCE, position=position, at=1_800_000_000, key_id="k")


def check(log, *, head: LogHead | None = None, checkpoints=(), keys=None) -> list[Finding]:
    walk = ChainCheck(NONCE, {"k": KEY} if keys is None else keys, genesis(NONCE), checkpoints)
    found = [finding for segment, events in log for finding in walk.segment(segment, events)]
    return found + list(walk.end(head or LogHead(chain()[-1][0].end, 11)))


def changed(log, which: int, /, **more):
    """The chain with another segment row."""
    return [(replace(s, **more) if s.number == which else s, events) for s, events in log]


def test_an_untouched_chain_has_no_bad_place():
    marks = [checkpoint(segment.end) for segment, _ in chain()]
    assert check(chain(), checkpoints=marks) == []
    assert check([], head=LogHead(genesis(NONCE), 0)) == []


@given(st.integers(1, 11), st.sampled_from(LogEntry._fields[1:]), st.data())
@settings(max_examples=200)
def test_any_change_of_any_field_is_found_at_its_event(seq, name, data):
    old = getattr(entry(seq), name)
    kind = st.integers(0, 2**62) if isinstance(old, int) else st.text(st.characters(exclude_categories=["Cs"]))
    other = entry(seq)._replace(**{name: data.draw(kind.filter(lambda value: value != old))})
    log = [(segment, [other if e.seq == seq else e for e in events]) for segment, events in chain()]

    found = check(log)

    assert [(f.trouble, f.seq) for f in found] == [("event_changed", seq)]
    assert f"event {seq}" in found[0].place


@pytest.mark.parametrize("seq", range(1, 12))
def test_a_deleted_event_is_named(seq):
    log = [(segment, [e for e in events if e.seq != seq]) for segment, events in chain()]
    assert [(f.trouble, f.seq, f.why) for f in check(log)] == [("event_missing", seq, "deleted, or no text any more")]


def test_an_event_that_was_gone_before_it_was_sealed_is_told_apart():
    begin = genesis(NONCE)
    segment = segment_of([entry(1), entry(3)], after=begin, last=3, sealed_at=0, key_id="k").sealed(NONCE, KEY)
    found = check([(segment, [entry(1), entry(3)])], head=LogHead(segment.end, 3))
    assert [(f.seq, f.why) for f in found] == [(2, "gone before it was sealed")]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_deleted_segment_is_named_with_its_events(number):
    log = [(s, e) for s, e in chain() if s.number != number]
    found = check(log)
    assert [f.trouble for f in found] == ["segment_missing"]
    assert found[0].place == f"segment {number}"
    assert found[0].seq == chain()[number - 1][0].first


def test_deleted_segments_at_the_end_are_known_by_the_head():
    found = check(chain()[:2])
    assert [(f.trouble, f.seq, f.place) for f in found] == [("segment_missing", 5, "events 5 to 11")]


def test_a_log_cut_off_with_its_head_is_known_by_a_checkpoint_outside():
    log = chain()[:2]
    end = log[-1][0].end
    cut = LogHead(end, end.seq)

    assert check(log, head=cut) == []
    found = check(log, head=cut, checkpoints=[checkpoint(end), checkpoint(chain()[-1][0].end)])
    assert [(f.trouble, f.seq) for f in found] == [("cut_off", 5)]
    assert "2027-01-15" in found[0].why
    assert "event 11" in found[0].why


def test_a_chain_made_anew_without_the_key_is_found_at_its_segment():
    forged = list(chain())
    at = forged[1][0].end
    for number in (2, 3):
        events = [e._replace(actor="cli_2") for e in forged[number][1]]
        segment = segment_of(events, after=at, last=at.seq + len(events), sealed_at=0, key_id="k").sealed(
            NONCE, b"guess"
        )
        forged[number] = segment, events
        at = segment.end

    found = check(forged, head=LogHead(at, at.seq))

    assert [(f.trouble, f.seq) for f in found] == [("segment_changed", 5), ("segment_changed", 10)]
    assert found[0].place == "segment 3 (events 5 to 9)"
    contradicted = check(forged, head=LogHead(at, at.seq), checkpoints=[checkpoint(chain()[2][0].end)])
    assert "checkpoint_contradicts" in {f.trouble for f in contradicted}


@pytest.mark.parametrize(
    "change",
    [
        {"first": 4},
        {"last": 10},
        {"last": 2**62},
        {"last": 0},
        {"previous": b"p" * 32},
        {"link": b"l" * 32},
        {"links": b""},
        {"links": b"l" * 160},
        {"sealed_at": 1},
        {"mac": b""},
        {"number": 7},
    ],
    ids=str,
)
def test_a_changed_segment_is_found(change):
    assert {f.seq for f in check(changed(chain(), 3, **change))} & set(range(4, 11))


def test_a_segment_under_an_unknown_key_is_not_trusted():
    assert [f.trouble for f in check(chain(), keys={})] == ["key_unknown"] * 4
    assert check(changed(chain(), 2, key_id="other"))[0].trouble == "key_unknown"


def test_details_that_admit_never_wrote_are_found_though_they_were_sealed():
    odd = entry(1)._replace(details='{"b":1, "a":2}')
    segment = segment_of([odd], after=genesis(NONCE), last=1, sealed_at=0, key_id="k").sealed(NONCE, KEY)
    found = check([(segment, [odd])], head=LogHead(segment.end, 1))
    assert [(f.trouble, f.seq) for f in found] == [("event_changed", 1)]


def test_a_head_that_does_not_fit_is_found():
    end = chain()[-1][0].end
    for head in (
        LogHead(end._replace(link=b"x" * 32), 11),
        LogHead(end._replace(segment=3), 11),
        LogHead(end._replace(seq=9), 11),
        LogHead(end, 4),
    ):
        assert [f.trouble for f in check(chain(), head=head)] == ["end_changed"]


def test_events_outside_the_log_are_found():
    head = LogHead(chain()[-1][0].end, 12)
    assert list(beyond((3, 12), begins_after=2, head=head)) == []
    assert list(beyond((None, None), begins_after=0, head=head)) == []
    assert [f.seq for f in beyond((2, 13), begins_after=2, head=head)] == [2, 13]


def test_checkpoints_are_read_one_by_one_and_bad_ones_named_by_their_line():
    good, foreign = (
        checkpoint(Position(1, 3, b"l" * 32)),
        replace(checkpoint(Position(1, 4, b"")), installation="other"),
    )
    lines = [good.line(), "nonsense", foreign.line(), good.line().replace('"seq":3', '"seq":4')]

    marks, bad = check_marks(lines, installation=NONCE, genuine=lambda mark: mark.position.seq != 4 or mark == foreign)

    assert marks == [good]
    assert [(f.trouble, f.place) for f in bad] == [
        ("checkpoint_invalid", "line 2 of the checkpoints"),
        ("checkpoint_contradicts", "line 3 of the checkpoints"),
        ("checkpoint_invalid", "line 4 of the checkpoints"),
    ]


def test_a_moment_that_no_calendar_knows_is_still_written():
    assert moment(0) == "1970-01-01 00:00:00 UTC"
    assert moment(2**62) == f"second {2**62}"
