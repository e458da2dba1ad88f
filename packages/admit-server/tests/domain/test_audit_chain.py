"""The formats of the audit's chain."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.audit_chain import (
    LogEntry,
    Mark,
    Position,
    canonical,
    canonical_json,
    genesis,
    segment_of,
    statement,
)

KEY = b"k" * 32
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
entries = st.builds(
    LogEntry,
    seq=st.integers(1, 2**63 - 1),
    id=text,
    at=st.integers(0, 2**63 - 1),
    actor=text,
    action=text,
    target=text,
    outcome=text,
    network=text,
    details=st.dictionaries(text, text | st.integers(-(2**53), 2**53) | st.booleans() | st.none(), max_size=3).map(
        canonical_json
    ),
)


def entry(seq: int, **more) -> LogEntry:
    known = {
        "id": f"evt_{seq}",
        "at": seq,
        "actor": "a",
        "action": "x.y",
        "target": "",
        "outcome": "done",
        "network": "",
    }
    return LogEntry(seq=seq, **{**known, "details": "{}", **more})


@given(entries)
def test_the_bytes_of_an_event_are_its_canonical_json(event):
    assert canonical(event) == statement(event.as_document())
    assert json.loads(canonical(event)) == event.as_document()


@given(entries, entries)
def test_two_events_have_the_same_bytes_only_when_they_are_the_same(one, other):
    assert (canonical(one) == canonical(other)) == (one == other)


def test_a_value_can_not_be_moved_into_the_field_beside_it():
    assert canonical(entry(1, actor="ab", target="c")) != canonical(entry(1, actor="a", target="bc"))
    sneaky = entry(1, actor='a","at":1,"details":{},"id":"x')
    assert json.loads(canonical(sneaky))["actor"] == sneaky.actor


def test_a_link_is_the_hash_of_the_link_before_and_the_event():
    begin = genesis("nonce")
    assert begin == (0, 0, hashlib.sha256(b"admit audit log 1\nnonce").digest())

    segment = segment_of([entry(1), entry(2)], after=begin, last=2, sealed_at=9, key_id="k")

    first = hashlib.sha256(begin.link + canonical(entry(1))).digest()
    second = hashlib.sha256(first + canonical(entry(2))).digest()
    assert (segment.links, segment.link, segment.previous) == (first + second, second, begin.link)
    assert (segment.number, segment.first, segment.last, segment.end) == (1, 1, 2, Position(1, 2, second))
    assert segment.link_of(1) == first


def test_installations_begin_differently():
    assert genesis("one").link != genesis("other").link


def test_a_seal_covers_everything_of_a_segment_but_the_links_that_follow_from_the_events():
    segment = segment_of([entry(1)], after=genesis("n"), last=1, sealed_at=9, key_id="k").sealed("n", KEY)

    assert segment.mac != segment.sealed("other", KEY).mac
    assert segment.mac != segment.sealed("n", b"o" * 32).mac
    assert set(segment.document("n")) == {
        "kind", "installation", "number", "first", "last", "previous", "link", "sealed_at", "key"
    }  # fmt: skip


def test_an_event_that_is_gone_leaves_a_gap_in_the_chain():
    whole = segment_of([entry(1), entry(2)], after=genesis("n"), last=2, sealed_at=9, key_id="k")
    torn = segment_of([entry(1)], after=genesis("n"), last=2, sealed_at=9, key_id="k")

    assert torn.link_of(1) == whole.link_of(1)
    assert torn.link != whole.link
    assert len(torn.links) == len(whole.links)


def mark(**more) -> Mark:
    known = {"kind": "checkpoint", "installation": "n", "position": Position(3, 17, b"l" * 32), "at": 5, "key_id": "k"}
    return Mark(**{**known, "mac": b"m", "signature": b"s", **more})


def test_a_mark_is_read_as_it_was_written():
    assert Mark.parse(mark().line()) == mark()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "7",
        "{}",
        mark().line() + " ",
        mark().line().replace("checkpoint", "other"),
        mark().line().replace('"seq":17', '"seq":"17"'),
        mark().line().replace('"mac":"6d"', '"mac":"6D"'),
        mark().line().replace('"link":"6c', '"link":"zz'),
        mark().line()[:-1] + ',"more":1}',
    ],
)
def test_anything_else_is_no_mark(line):
    with pytest.raises(ValueError):
        Mark.parse(line)
