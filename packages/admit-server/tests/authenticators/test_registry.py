"""Only the authenticators that the settings name are loaded."""

import sys
from types import ModuleType

import pytest

from admit_server.authenticators.password import PasswordAuthenticator
from admit_server.authenticators.registry import UnknownAuthenticator, load


@pytest.fixture
def plugin(monkeypatch):
    """A module of somebody else's."""
    module = ModuleType("somebodys_plugin")
    monkeypatch.setitem(sys.modules, "somebodys_plugin", module)
    return module


def test_the_built_in_one_is_loaded_by_its_short_name():
    loaded = load(("password",))
    assert list(loaded) == ["password"]
    assert isinstance(loaded["password"], PasswordAuthenticator)


def test_a_strangers_one_is_loaded_by_module_and_class(plugin):
    plugin.Card = type("Card", (), {"name": "card"})
    assert list(load(("password", "somebodys_plugin:Card"))) == ["password", "card"]


def test_nothing_named_loads_nothing():
    assert load(()) == {}


@pytest.mark.parametrize(
    "name", ["fingerprint", "", "no_such_module:X", "admit_server.authenticators.password:Nothing", "os:"]
)
def test_what_can_not_be_loaded_is_told_by_name(name):
    with pytest.raises(UnknownAuthenticator, match=r"write your own|can't be loaded"):
        load((name,))


def test_a_class_that_can_not_be_made_or_has_no_name_is_told_too(plugin):
    def fails(self):
        raise RuntimeError("needs a licence")

    plugin.Nameless = type("Nameless", (), {})
    plugin.Failing = type("Failing", (), {"__init__": fails, "name": "x"})
    for name in ("Nameless", "Failing"):
        with pytest.raises(UnknownAuthenticator, match=f"somebodys_plugin:{name}.*can't be loaded"):
            load((f"somebodys_plugin:{name}",))
