"""Mails that wait to be sent, and when a mail that was not taken is tried again."""

from dataclasses import dataclass, field

# Longer than a try may take (`mail.timeout_s` is 30 at most), so that two servers never send the same mail at once.
FIRST_DELAY_S = 60
LONGEST_DELAY_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMail:
    """A mail in the outbox. Address and values are in the sealed part alone, which goes when the mail has gone.

    Attributes:
        id: Also the mail's Message-ID, the same at every try.
        template: Which text it is.
        user_id: Whom it is about; '' where that is nobody, and then it is dropped unsent.
        sealed: Address and values, under the key file.
        due_at: Not tried before.
        expires_at: Not sent from then on.
        attempts: How often it was tried.
    """

    id: str
    template: str
    user_id: str
    sealed: bytes = field(repr=False)
    created_at: int
    due_at: int
    expires_at: int
    attempts: int = 0


def delay_s(attempts: int) -> int:
    """How long to wait after so many tries (1 and up): a minute, doubling up to an hour."""
    return min(LONGEST_DELAY_S, FIRST_DELAY_S << min(attempts - 1, 10))
