"""Which domain passkeys are bound to, and what is told where there is none."""

import logging

import pytest

from admit_server.app import open_runtime
from admit_server.serving import _tell_of_passkeys
from admit_server.settings import (
    SettingsError,
    authenticators_of,
    load_settings,
    passkey_options,
    passkeys_impossible,
)
from admit_server.settings.passkeys import rp_id_of
from admit_server.starting import StartError

MODEL = "cd8c395c-26ed-eede-653b-00797d03ca3c"


@pytest.fixture
def settings(tmp_path):
    def made(toml: str = "", **flags):
        config = tmp_path / "test.toml"
        config.write_text(toml)
        return load_settings(config=config, data=tmp_path / "data", **flags)

    return made


@pytest.mark.parametrize(
    ("issuer", "asked", "rp_id"),
    [
        ("https://id.example.com", "", "id.example.com"),
        ("https://id.example.com", "example.com", "example.com"),
        ("https://id.example.com:8443", "", "id.example.com"),
        ("http://localhost:8100", "", "localhost"),
        ("http://127.0.0.1:8100", "", ""),
        ("http://[::1]:8100", "", ""),
        ("https://192.0.2.7", "", ""),
    ],
)
def test_the_rp_id_is_the_issuers_host_or_a_domain_above_it(settings, issuer, asked, rp_id):
    assert rp_id_of(settings(f'[passkey]\nrp_id = "{asked}"\n', issuer=issuer)) == rp_id


@pytest.mark.parametrize(
    ("issuer", "asked"),
    [
        ("https://id.example.com", "example.net"),
        ("https://id.example.com", "d.example.com"),
        ("https://id.example.com", "com"),
        ("https://example.com", "id.example.com"),
        ("http://127.0.0.1:8100", "localhost"),
        ("https://192.0.2.7", "2.7"),
    ],
)
def test_any_other_rp_id_is_refused(settings, issuer, asked):
    with pytest.raises(SettingsError, match=r"passkey\.rp_id"):
        rp_id_of(settings(f'[passkey]\nrp_id = "{asked}"\n', issuer=issuer))


def test_an_rp_id_of_another_domain_goes_with_related_origins(settings):
    toml = '[passkey]\nrp_id = "old.example"\nrelated_origins = ["https://new.example"]\n'
    assert rp_id_of(settings(toml, issuer="https://new.example")) == "old.example"


@pytest.mark.parametrize(
    "line",
    [
        'related_origins = ["http://example.net"]',
        'related_origins = ["https://example.net/"]',
        'rp_id = "https://x"',
        'attestation = "maybe"',
    ],
)
def test_a_value_that_is_none_is_told_by_its_name(settings, line):
    with pytest.raises(SettingsError, match=r"passkey\."):
        settings(f"[passkey]\n{line}\n")


def test_options_where_they_are_not_read_are_told(settings):
    with pytest.raises(SettingsError, match=r"stand in \[passkey\]"):
        authenticators_of(settings('[authenticator.passkey]\nrp_name = "x"\n'))


def test_without_passkeys_there_are_no_options_for_them(settings):
    assert authenticators_of(settings('[sign_in]\nauthenticators = ["password"]\n')) == (("password",), {})


def test_where_the_address_has_no_name_passkeys_are_not_loaded(settings):
    assert authenticators_of(settings(issuer="http://127.0.0.1:8100")) == (("password", "totp", "recovery_codes"), {})
    names, options = authenticators_of(settings(issuer="http://localhost:8100"))
    assert (names, options["passkey"]["rp_id"]) == (("password", "passkey", "totp", "recovery_codes"), "localhost")


def test_the_options_are_those_of_the_section(settings):
    options = passkey_options(settings('[passkey]\nrp_name = "Example"\n', issuer="https://id.example.com"))
    assert (options["rp_id"], options["rp_name"], options["attestation"]) == ("id.example.com", "Example", "none")


@pytest.mark.parametrize(
    ("issuer", "level"),
    [("http://127.0.0.1:8100", "INFO"), ("https://192.0.2.7", "WARNING"), ("https://id.example", None)],
)
def test_at_the_start_it_is_said_that_an_address_without_a_name_has_no_passkeys(settings, caplog, issuer, level):
    with caplog.at_level(logging.INFO, logger="admit"):
        _tell_of_passkeys(settings(issuer=issuer))
    assert [record.levelname for record in caplog.records] == ([level] if level else [])
    assert all("passkeys can't be used" in record.getMessage() for record in caplog.records)


def test_nothing_is_said_where_nobody_wanted_passkeys(settings):
    assert passkeys_impossible(settings('[sign_in]\nauthenticators = ["password"]\n')) is None


@pytest.mark.anyio
async def test_a_server_does_not_start_with_options_that_contradict_each_other(settings):
    chosen = settings(f'[passkey]\nallowed_models = ["{MODEL}"]\n', issuer="https://id.example.com")
    with pytest.raises(StartError, match="attestation = required"):
        async with open_runtime(chosen):
            pass
