"""What of the settings works only where mail is sent."""

from .loading import Settings


def needs_mail(settings: Settings) -> list[str]:
    """What the settings switch on in vain, because `mail.host` is not set; in words that go on a sentence. Empty: nothing."""
    if settings.mail.host:
        return []
    found = []
    if settings.registration.open:
        found.append("nobody can make an account (registration.open)")
    if "email_code" in settings.sign_in.authenticators:
        found.append("nobody can sign in with email_code (sign_in.authenticators)")
    return found
