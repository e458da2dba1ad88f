"""The options of the passkey authenticator: its section, and what follows from the issuer."""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from .loading import Settings, SettingsError


def rp_id_of(settings: Settings) -> str:
    """The RP id; '' where the issuer is an IP address, which can have none.

    Raises:
        SettingsError: `passkey.rp_id` is not a domain of the issuer, and the issuer is not among the related origins.
    """
    issuer = urlsplit(settings.issuer)
    host = issuer.hostname or ""
    asked = settings.passkey.rp_id
    if asked and settings.issuer in settings.passkey.related_origins:
        # WebAuthn L3 section 5.11: browsers ask the RP id's own host whether the issuer may use it.
        return asked
    if is_address(host):
        if asked:
            raise SettingsError(
                f"passkey.rp_id {asked!r} can't be used at {settings.issuer}: give server.issuer a host name (http://localhost "
                "will do on your own machine)."
            )
        return ""
    if not asked:
        return host
    # WebAuthn L3 section 5.1.3 step 8: the effective domain, or a registrable domain suffix of it.
    if asked != host and not (host.endswith(f".{asked}") and "." in asked):
        raise SettingsError(
            f"passkey.rp_id {asked!r} is not {host} or a domain above it. For passkeys of another domain add {settings.issuer} to "
            "passkey.related_origins; see docs/howto/passkeys.md."
        )
    return asked


def passkey_options(settings: Settings) -> dict[str, Any]:
    """What the authenticator is made with.

    Raises:
        SettingsError: See `rp_id_of`.
    """
    return settings.passkey.model_dump() | {"rp_id": rp_id_of(settings)}


def authenticators_of(settings: Settings) -> tuple[tuple[str, ...], dict[str, dict[str, Any]]]:
    """Which authenticators are loaded, and what they are made with. Passkeys are left out where the address can have none.

    Raises:
        SettingsError: See `rp_id_of`; or options stand where they are not read.
    """
    names, given = settings.sign_in.authenticators, settings.authenticator.options
    if "passkey" in given:
        raise SettingsError("authenticator.passkey is not read: the options of passkeys stand in [passkey].")
    if "passkey" not in names:
        return names, given
    options = passkey_options(settings)
    if not options["rp_id"]:
        return tuple(name for name in names if name != "passkey"), given
    return names, given | {"passkey": options}


def passkeys_impossible(settings: Settings) -> str | None:
    """Why nobody can use the passkeys that are switched on; None if they can."""
    if "passkey" not in settings.sign_in.authenticators or rp_id_of(settings):
        return None
    return (
        f"passkeys can't be used at {settings.issuer}: browsers bind them to a domain, and this is an IP address. Open the server by a "
        f"host name (server.issuer = http://localhost:{settings.port} on your own machine), or take `passkey` out of "
        "sign_in.authenticators."
    )


def is_address(host: str) -> bool:
    """Whether a host is an IP address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
