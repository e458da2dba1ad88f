"""How the process runs. See `sections` for what there is, `loading` for where it comes from."""

from .loading import Settings, SettingsError, load_settings, origins
from .mail_needs import needs_mail
from .passkeys import authenticators_of, passkey_options, passkeys_impossible

__all__ = [
    "Settings",
    "SettingsError",
    "authenticators_of",
    "load_settings",
    "needs_mail",
    "origins",
    "passkey_options",
    "passkeys_impossible",
]
