"""Ways to sign in, as people call them."""

_NAMES = {
    "password": "Password",
    "passkey": "Passkey",
    "totp": "Authenticator app",
    "recovery_codes": "Recovery codes",
    "email_code": "Code by e-mail",
    "webhook": "Outside check",
}


def method_in_words(authenticator: str, label: str = "") -> str:
    """What an authenticator is called, with the name that the person gave to this one: `Passkey "blue key"`."""
    name = _NAMES.get(authenticator) or authenticator.replace("_", " ").capitalize()
    if label.lower().startswith(name.lower()):
        return label
    return f'{name} "{label}"' if label else name
