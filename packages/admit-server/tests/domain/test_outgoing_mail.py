"""When a mail that was not taken is tried again."""

import pytest

from admit_server.domain.outgoing_mail import LONGEST_DELAY_S, OutgoingMail, delay_s


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 60), (2, 120), (3, 240), (6, 1920), (7, 3600), (100, 3600)])
def test_the_delay_doubles_up_to_an_hour(attempts, seconds):
    assert delay_s(attempts) == seconds <= LONGEST_DELAY_S


def test_what_is_shown_of_a_mail_holds_no_secret():
    mail = OutgoingMail(id="mai_1", template="code", user_id="", sealed=b"sealed", created_at=1, due_at=1, expires_at=2)
    assert "sealed" not in repr(mail)
