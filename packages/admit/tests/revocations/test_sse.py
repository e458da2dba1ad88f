import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit.revocations.memory import FeedError
from admit.revocations.sse import Event, Parser

STREAM = (
    b": hello\r\n\r\nevent: reset\ndata: {}\n\n"
    b'event: revoked\nid: 41.abc\ndata: {"handle": "\xc3\xa9"}\n\n'
    b"retry: 5\rdata:a\rdata: b\r\rid: 9\n\nevent: x\n\n"
)
EVENTS = [Event("reset", "{}", None), Event("revoked", '{"handle": "é"}', "41.abc"), Event("message", "a\nb", None)]


def test_events_come_out_as_the_specification_says():
    """Comments and unknown fields are skipped; an event without data is none; an id belongs to its own event."""
    assert list(Parser().feed(STREAM)) == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_it_does_not_matter_how_the_bytes_arrive(cuts):
    parser = Parser()
    edges = [0, *sorted(cuts), len(STREAM)]

    assert [event for a, b in itertools.pairwise(edges) for event in parser.feed(STREAM[a:b])] == EVENTS


def test_an_unfinished_event_is_not_given_out():
    assert list(Parser().feed(b"event: revoked\ndata: {}\n")) == []


@pytest.mark.parametrize("data", [b"data: " + b"x" * 70_000, b"data: x\n" * 20_000, b"data: \xff\n"])
def test_endless_lines_and_events_and_odd_bytes_are_refused(data):
    with pytest.raises(FeedError):
        list(Parser().feed(data))
