"""Only the authenticators that the settings name are loaded, and what can't be loaded is told in words."""

import sys
from types import ModuleType

import pytest

from admit_server.authenticators.api import API_VERSION, Base, NotMine
from admit_server.authenticators.password import PasswordAuthenticator
from admit_server.authenticators.registry import BUILT_IN, UnknownAuthenticator, load


class Card(Base):
    """Somebody else's."""

    name = "card"

    def __init__(self, *, colour="blue"):
        self.colour = colour

    async def finish(self, ctx, state, response, credentials):
        return NotMine()


@pytest.fixture
def plugin(monkeypatch):
    """A module of somebody else's."""
    module = ModuleType("somebodys_plugin")
    module.Card = Card
    monkeypatch.setitem(sys.modules, "somebodys_plugin", module)
    return module


def variant(**attributes):
    return type("Variant", (Card,), attributes)


def test_the_built_in_one_is_loaded_by_its_short_name():
    loaded = load(("password",))
    assert list(loaded) == ["password"]
    assert isinstance(loaded["password"], PasswordAuthenticator)


OPTIONS = {
    "passkey": {"rp_id": "id.example.com"},
    "webhook": {"url": "https://process.test/", "secret": "whsec_" + "A" * 32},
}


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_one_is_called_as_it_is_listed(name):
    assert list(load((name,), {key: value for key, value in OPTIONS.items() if key == name})) == [name]


@pytest.mark.usefixtures("plugin")
def test_a_strangers_one_is_loaded_by_module_and_class():
    assert list(load(("password", "somebodys_plugin:Card"))) == ["password", "card"]


@pytest.mark.usefixtures("plugin")
def test_options_go_to_the_class_of_that_name():
    name = "somebodys_plugin:Card"
    assert load((name,), {name: {"colour": "red"}})["card"].colour == "red"


def test_nothing_named_loads_nothing():
    assert load(()) == {}


@pytest.mark.parametrize(
    "name", ["fingerprint", "", "no_such_module:X", "admit_server.authenticators.password:Nothing", "os:"]
)
def test_what_can_not_be_loaded_is_told_by_name(name):
    with pytest.raises(UnknownAuthenticator, match=r"write your own|can't be loaded"):
        load((name,))


def test_a_class_that_can_not_be_made_or_is_no_authenticator_is_told_too(plugin):
    def fails(self):
        raise RuntimeError("needs a licence")

    plugin.Nameless = type("Nameless", (), {})
    plugin.Failing = type("Failing", (Base,), {"__init__": fails, "name": "x"})
    plugin.Unfinished = type("Unfinished", (Base,), {"name": "x"})
    plugin.Shouting = variant(name="CARD")
    plugin.Numbered = variant(name=7)
    plugin.Naming = variant(names_the_person=True)
    plugin.Broken = variant(__init__=lambda self: 1 / 0)
    for name in ("Nameless", "Failing", "Unfinished", "Shouting", "Numbered", "Naming", "Broken"):
        with pytest.raises(UnknownAuthenticator, match=f"somebodys_plugin:{name}.*can't be loaded"):
            load((f"somebodys_plugin:{name}",))


@pytest.mark.parametrize("version", [API_VERSION + 1, "2", None])
def test_one_for_a_newer_interface_is_refused_with_what_to_do(plugin, version):
    plugin.Newer = variant(api_version=version)
    with pytest.raises(UnknownAuthenticator, match="update Admit"):
        load(("somebodys_plugin:Newer",))


def test_one_for_this_interface_is_loaded(plugin):
    plugin.Same = variant(api_version=API_VERSION)
    assert list(load(("somebodys_plugin:Same",))) == ["card"]


@pytest.mark.usefixtures("plugin")
def test_two_of_one_name_are_refused(plugin):
    plugin.Other = variant()
    with pytest.raises(UnknownAuthenticator, match="as another one"):
        load(("somebodys_plugin:Card", "somebodys_plugin:Other"))


@pytest.mark.parametrize(
    ("names", "options", "told"),
    [
        (("password",), {"password": {"pepper": "x"}}, "'password' has no option 'pepper'; it takes none"),
        (("totp",), {"totp": {"diggits": 8}}, "no option 'diggits'; it takes: issuer, algorithm, digits"),
        (("password",), {"totp": {"digits": 8}}, "sign_in.authenticators does not name 'totp'"),
        (("webhook",), {}, "needs the option 'url': set it in .authenticator.webhook."),
        (("totp",), {"totp": {"digits": 7}}, "can't be loaded: digits 7 has to be 6 or 8"),
    ],
)
def test_options_that_do_not_fit_are_told_with_what_does(names, options, told):
    with pytest.raises(UnknownAuthenticator, match=told):
        load(names, options)
