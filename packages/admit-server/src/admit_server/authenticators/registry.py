"""Which authenticators there are: only those that the settings name are loaded."""

import importlib
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from .api import API_VERSION, Authenticator, Naming

BUILT_IN = {
    "email_code": "admit_server.authenticators.email_code:EmailCodeAuthenticator",
    "password": "admit_server.authenticators.password:PasswordAuthenticator",
    "recovery_codes": "admit_server.authenticators.recovery_codes:RecoveryCodesAuthenticator",
    "totp": "admit_server.authenticators.totp:TotpAuthenticator",
    "passkey": "admit_server.authenticators.passkey:PasskeyAuthenticator",
    "webhook": "admit_server.authenticators.webhook:WebhookAuthenticator",
}
# It stands in requirements, in storage and in the audit log.
NAME = re.compile(r"[a-z][a-z0-9_]{0,31}\Z")
_NEEDED = ("usable", "begin", "finish")


class UnknownAuthenticator(ValueError):
    """The settings name an authenticator that can't be loaded; the message says which and why."""


def load(names: tuple[str, ...], options: Mapping[str, Mapping[str, Any]] | None = None) -> Mapping[str, Authenticator]:
    """Load authenticators by name, or by `module:Class` for those that are not built in.

    Args:
        names: As the settings list them.
        options: What each one's class is made with, by the same names.

    Raises:
        UnknownAuthenticator: No such module or class, options that it does not take, an interface newer than this server's,
            or something that is no authenticator.
    """
    options = options or {}
    for name in options:
        if name not in names:
            raise UnknownAuthenticator(
                f"authenticator.{name} sets options, but sign_in.authenticators does not name {name!r}; add it there, "
                "written the same way"
            )
    loaded: dict[str, Authenticator] = {}
    for name in names:
        target = BUILT_IN.get(name, name)
        module, colon, attribute = target.partition(":")
        if not colon:
            raise UnknownAuthenticator(
                f"{name!r} is not built in ({', '.join(BUILT_IN)}); write your own as module:Class"
            )
        try:
            authenticator = _made(getattr(importlib.import_module(module), attribute), name, options.get(name, {}))
        except UnknownAuthenticator:
            raise
        except Exception as error:  # a stranger's code may raise anything
            raise UnknownAuthenticator(f"{name!r} can't be loaded: {error}") from error
        if authenticator.name in loaded:
            raise UnknownAuthenticator(f"{name!r} calls itself {authenticator.name!r}, as another one in the list does")
        loaded[authenticator.name] = authenticator
    return loaded


def _made(made_by: Callable[..., Authenticator], name: str, options: Mapping[str, Any]) -> Authenticator:
    version = getattr(made_by, "api_version", 1)
    if not isinstance(version, int) or version > API_VERSION:
        raise UnknownAuthenticator(
            f"{name!r} was written for version {version} of the interface; this server has version {API_VERSION}: "
            "update Admit, or take an older release of the authenticator"
        )
    takes = inspect.signature(made_by).parameters
    if not any(each.kind is each.VAR_KEYWORD for each in takes.values()):
        for option in options:
            if option not in takes:
                known = f"it takes: {', '.join(takes)}" if takes else "it takes none"
                raise UnknownAuthenticator(f"{name!r} has no option {option!r}; {known}")
    for option, parameter in takes.items():
        required = parameter.default is parameter.empty and parameter.kind in (
            parameter.KEYWORD_ONLY,
            parameter.POSITIONAL_OR_KEYWORD,
        )
        if required and option not in options:
            raise UnknownAuthenticator(f"{name!r} needs the option {option!r}: set it in [authenticator.{name}]")
    authenticator = made_by(**options)
    _check(authenticator, name)
    return authenticator


def _check(authenticator: Authenticator, name: str) -> None:
    if not isinstance(authenticator.name, str) or not NAME.match(authenticator.name):
        raise UnknownAuthenticator(
            f"{name!r} can't be loaded: its name {authenticator.name!r} has to be lower-case letters, digits and underscores"
        )
    for method in _NEEDED:
        if not callable(getattr(authenticator, method, None)):
            raise UnknownAuthenticator(f"{name!r} can't be loaded: it has no {method}(); Base has the usual ones")
    if authenticator.names_the_person and not isinstance(authenticator, Naming):
        raise UnknownAuthenticator(f"{name!r} can't be loaded: it names the person, but has no lookup()")
