"""Decisions that wait."""

from admit_server.domain.decision import Decision
from admit_server.flows.decision_log import DecisionLog


def decision(number: int, grant_id: str | None = "grt_1") -> Decision:
    return Decision(number, "introspect", grant_id=grant_id)


def test_what_waits_is_taken_once_in_its_order():
    log = DecisionLog()
    for number in range(3):
        log.add(decision(number))

    assert log.take() == (tuple(decision(number) for number in range(3)), 0)
    assert log.take() == ((), 0)


def test_beyond_the_bound_decisions_are_counted():
    log = DecisionLog(most=20)
    for number in range(25):
        log.add(decision(number))

    taken, dropped = log.take()
    assert (len(taken), dropped) == (20, 5)
    assert log.take() == ((), 0)


def test_what_one_holds_another_takes_over_within_its_bound():
    inside, log = DecisionLog(), DecisionLog(most=20)
    for number in range(25):
        inside.add(decision(number))
    log.take_over(inside)

    assert inside.take() == ((), 0)
    taken, dropped = log.take()
    assert (len(taken), dropped) == (20, 5)


def test_requests_of_strangers_leave_room_for_those_with_tokens():
    log = DecisionLog(most=20)
    for number in range(25):
        log.add(decision(number, None))
    log.add(decision(99))

    taken, dropped = log.take()
    assert [each.grant_id for each in taken] == [None, None, "grt_1"]
    assert dropped == 23
