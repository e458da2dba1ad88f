"""Running a unit of work to its end without an event loop, and telling when it awaits what it must not."""

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class UnitSuspended(RuntimeError):
    """A unit awaited something besides `tx`. Nothing of it was kept; the unit is wrong, not the database."""

    def __init__(self) -> None:
        super().__init__(
            "a unit of work may await nothing but tx: it holds a transaction open; do other work before or after write()"
        )


def drive(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine whose awaits never suspend, here and now.

    Raises:
        UnitSuspended: It did suspend; it is closed before this is raised.
        Exception: Whatever the coroutine raised.
    """
    try:
        work.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    work.close()
    raise UnitSuspended
