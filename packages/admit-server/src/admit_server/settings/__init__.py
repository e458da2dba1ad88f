"""How the process runs. See `sections` for what there is, `loading` for where it comes from."""

from .loading import Settings, SettingsError, load_settings, origins

__all__ = ["Settings", "SettingsError", "load_settings", "origins"]
