"""Which authenticators there are: only those that the settings name are loaded."""

import importlib
from collections.abc import Mapping
from typing import Any

from .api import Authenticator

BUILT_IN = {
    "password": "admit_server.authenticators.password:PasswordAuthenticator",
    "recovery_codes": "admit_server.authenticators.recovery_codes:RecoveryCodesAuthenticator",
    "totp": "admit_server.authenticators.totp:TotpAuthenticator",
    "passkey": "admit_server.authenticators.passkey:PasskeyAuthenticator",
}


class UnknownAuthenticator(ValueError):
    """The settings name an authenticator that can't be loaded; the message says which and why."""


def load(names: tuple[str, ...], options: Mapping[str, Mapping[str, Any]] | None = None) -> Mapping[str, Authenticator]:
    """Load authenticators by name, or by `module:Class` for those that are not built in.

    Args:
        names: As the settings list them.
        options: What each one's class is made with, by the same names.

    Raises:
        UnknownAuthenticator: No such module or class, it can't be made, or it has no name.
    """
    loaded: dict[str, Authenticator] = {}
    for name in names:
        target = BUILT_IN.get(name, name)
        module, colon, attribute = target.partition(":")
        if not colon:
            raise UnknownAuthenticator(
                f"{name!r} is not built in ({', '.join(BUILT_IN)}); write your own as module:Class"
            )
        try:
            authenticator: Authenticator = getattr(importlib.import_module(module), attribute)(
                **(options or {}).get(name, {})
            )
            loaded[authenticator.name] = authenticator
        except Exception as error:  # a stranger's code may raise anything
            raise UnknownAuthenticator(f"{name!r} can't be loaded: {error}") from error
    return loaded
