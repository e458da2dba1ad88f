"""Browsers and places in words, for people who look through their sessions. Nothing is decided by them: a browser says what it likes."""

import ipaddress
import re

# The order matters: most browsers also name those that they descend from. As in "Browser detection using the user agent" of MDN.
_BROWSERS = (
    ("Edge", re.compile(r"\b(?:Edg|EdgA|EdgiOS|Edge)/")),
    ("Opera", re.compile(r"\b(?:OPR|Opera|OPT)/")),
    ("Vivaldi", re.compile(r"\bVivaldi/")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/")),
    ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/")),
    ("Chromium", re.compile(r"\bChromium/")),
    ("Chrome", re.compile(r"\b(?:Chrome|HeadlessChrome|CriOS)/")),
    ("Safari", re.compile(r"\bVersion/[^ ]+ (?:Mobile/[^ ]+ )?Safari/")),
)
_SYSTEMS = (
    ("an iPhone", re.compile(r"\biPhone\b")),
    ("an iPad", re.compile(r"\biPad\b")),
    ("Android", re.compile(r"\bAndroid\b")),
    ("Windows", re.compile(r"\bWindows\b")),
    ("ChromeOS", re.compile(r"\bCrOS\b")),
    ("a Mac", re.compile(r"\bMacintosh\b")),
    ("Linux", re.compile(r"\bLinux\b")),
)
# What a program calls itself: its product, before the version (RFC 9110 section 10.1.5).
_PRODUCT = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,39}")
UNKNOWN = "something that does not say what it is"


def device_in_words(user_agent: str) -> str:
    """A browser and its system, such as "Firefox on Windows"; or the name that a program gives itself.

    Args:
        user_agent: As it was sent (RFC 9110 section 10.1.5).
    """
    system = next((name for name, pattern in _SYSTEMS if pattern.search(user_agent)), "")
    browser = next((name for name, pattern in _BROWSERS if pattern.search(user_agent)), "")
    if browser:
        return f"{browser} on {system}" if system else browser
    if system and user_agent.startswith("Mozilla/"):
        return f"a browser on {system}"
    product = _PRODUCT.match(user_agent)
    return product[0] if product and product[0] != "Mozilla" else UNKNOWN


def place_in_words(network: str) -> str:
    """Where a request came from: "this very machine", "a private network (10.1.2.3)", or the address itself.

    Args:
        network: An IPv4 address or an IPv6 network, as `Caller.network`; '' where nothing is known.
    """
    try:
        block = ipaddress.ip_network(network, strict=False)
    except ValueError:
        return network or "a place that is not known"
    if block.is_loopback or block == ipaddress.ip_network("::/64"):
        return "the server's own machine"
    shown = str(block.network_address) if block.version == 4 else f"{block.network_address}…"
    return f"a private network ({shown})" if block.is_private else shown
