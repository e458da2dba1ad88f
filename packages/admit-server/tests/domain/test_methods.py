"""Ways to sign in, as people call them."""

import pytest

from admit_server.domain.methods import method_in_words


@pytest.mark.parametrize(
    ("authenticator", "label", "words"),
    [
        ("passkey", "blue key", 'Passkey "blue key"'),
        ("totp", "", "Authenticator app"),
        ("smart_card", "", "Smart card"),
        ("smart_card", "work", 'Smart card "work"'),
    ],
)
def test_a_way_has_a_name_also_a_strangers(authenticator, label, words):
    assert method_in_words(authenticator, label) == words
