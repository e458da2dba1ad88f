"""Times in words."""

from datetime import UTC, datetime


def in_words(at: int) -> str:
    """A time (seconds, UTC) to the minute, as pages and mails tell it: "3 March 2027, 10:00 UTC"."""
    moment = datetime.fromtimestamp(at, UTC)
    # Without strftime: its month names and its way to leave out a zero depend on the machine.
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}, {moment:%H:%M} UTC"


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
