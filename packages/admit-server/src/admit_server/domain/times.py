"""Times in words."""

from datetime import UTC, datetime


def in_words(at: int) -> str:
    """A time (seconds, UTC) to the minute, as pages and mails tell it: "3 March 2027, 10:00 UTC"."""
    moment = datetime.fromtimestamp(at, UTC)
    # Without strftime: its month names and its way to leave out a zero depend on the machine.
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}, {moment:%H:%M} UTC"


def duration(seconds: int) -> str:
    """A span of time for people, in its largest whole unit: "an hour", "90 minutes", "2 days"."""
    for length, one, many in _UNITS:
        if seconds >= length and seconds % length == 0:
            return one if seconds == length else f"{seconds // length} {many}"
    return f"{seconds} seconds"


def about(seconds: int) -> str:
    """A span of time for people who wait, rounded up: "40 seconds", "5 minutes", "2 hours"."""
    if seconds < 90:
        return f"{seconds} seconds" if seconds != 1 else "a second"
    if seconds <= 5400:
        return f"{-(-seconds // 60)} minutes"
    return f"{-(-seconds // 3600)} hours"


_UNITS = ((86_400, "a day", "days"), (3_600, "an hour", "hours"), (60, "a minute", "minutes"))
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
