"""How the process runs. See `sections` for what there is, `loading` for where it comes from."""

from .loading import Settings, SettingsError, load_settings, origins
from .passkeys import authenticators_of, passkey_options, passkeys_impossible

__all__ = [
    "Settings",
    "SettingsError",
    "authenticators_of",
    "load_settings",
    "origins",
    "passkey_options",
    "passkeys_impossible",
]
