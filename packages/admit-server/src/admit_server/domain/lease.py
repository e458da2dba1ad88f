"""Leases: what ends when an app stops saying that it lives, because it quit, crashed or slept."""

from dataclasses import dataclass, field
from typing import Literal

# How long a lease lives on after its app said that it quits: long enough for a reload to come back.
QUIT_S = 15
# The reason that stands at a grant whose lease has ended, and the code of what is refused from then on.
LEASE_ENDED = "lease_ended"
HOLDER_MAX = 64

Action = Literal["renew", "quit", "end"]
ACTIONS: tuple[Action, ...] = ("renew", "quit", "end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The life of one app session: of all grants of one session and client, or of one grant without a session.

    Times are seconds, UTC.

    Attributes:
        digest: Of the text that renews and ends it.
        length_s: How long one renewal lasts; the shortest of the grants that hang on it.
        ends_at: When it runs out unless it is renewed.
        ended_at: When it was noted as ended; from then on, and from `ends_at` on, nothing brings it back.
        holder: Which of the app's windows renewed it last, as that window calls itself.
    """

    id: str
    digest: bytes = field(repr=False)
    client_id: str
    session_id: str | None
    length_s: int
    created_at: int
    ends_at: int
    ended_at: int | None = None
    holder: str | None = None

    def is_alive(self, now: int) -> bool:
        """Whether it neither ended nor ran out."""
        return self.ended_at is None and now < self.ends_at

    def needs_no_write(self, now: int, *, holder: str | None) -> bool:
        """Whether a renewal changes so little that it may be left out: at most one write in a tenth of its length."""
        return holder == self.holder and self.ends_at - now >= self.length_s - self.length_s // 10
