"""Audit events."""

from dataclasses import FrozenInstanceError

import pytest

from admit_server.domain.audit import AuditEvent


def test_an_event_is_of_something_done_unless_it_says_refused_and_never_changes():
    event = AuditEvent(id="evt_1", at=1, actor="a", action="user.added", target="usr_1")
    assert (event.outcome, event.network, event.details) == ("done", "", {})
    with pytest.raises(FrozenInstanceError):
        event.action = "user.removed"  # type: ignore[misc]


def test_two_events_do_not_share_their_details():
    one, two = (AuditEvent(id=i, at=1, actor="", action="x.y", target="") for i in "12")
    one.details["reason"] = "x"
    assert two.details == {}
