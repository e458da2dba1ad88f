"""Settings: where each comes from, and what a mistake is told."""

from pathlib import Path

import pytest

from admit_server.settings.loading import Settings, SettingsError, load_settings, origins


@pytest.fixture(autouse=True)
def nobodys_environment(monkeypatch, tmp_path):
    """No variable and no file of the machine that runs the tests."""
    import os

    for name in list(os.environ):
        if name.startswith("ADMIT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def toml(tmp_path):
    def write(text: str, name: str = "admit.toml") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def origin_of(settings: Settings, key: str) -> tuple[str, str]:
    return next((value, origin) for name, value, origin in origins(settings) if name == key)


def test_without_anything_said_it_serves_on_loopback_with_a_file():
    settings = load_settings()
    assert (settings.host, settings.port, settings.issuer) == ("127.0.0.1", 8100, "http://127.0.0.1:8100")
    assert settings.database == "sqlite:///var/admit.db"
    assert settings.key_file == Path("var/admit.key")
    assert all(origin == "default" for _, _, origin in origins(settings))


def test_a_value_is_shown_as_people_write_it(toml):
    toml('[server]\ntrusted_proxies = ["10.0.0.1/32", "::1/128"]\ninsecure_http = true\n')
    shown = {name: value for name, value, _ in origins(load_settings())}

    assert shown["server.trusted_proxies"] == "10.0.0.1/32, ::1/128"
    assert (shown["server.insecure_http"], shown["tokens.deny_new_session"]) == ("true", "false")
    assert (shown["sign_in.authenticators"], shown["tokens.max_sessions"]) == (
        "password, passkey, totp, recovery_codes",
        "",
    )


def test_flag_before_environment_before_secret_before_file_before_default(monkeypatch, toml, tmp_path):
    toml("[server]\nport = 1001\n")
    assert load_settings().port == 1001
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "ADMIT_SERVER__PORT").write_text("1002")
    monkeypatch.setenv("ADMIT_SECRETS_DIR", str(secrets))
    assert load_settings().port == 1002
    monkeypatch.setenv("ADMIT_SERVER__PORT", "1003")
    assert load_settings().port == 1003
    assert load_settings(port=1004).port == 1004


def test_sources_are_merged_key_by_key(monkeypatch, toml):
    toml('[server]\nhost = "::1"\nport = 1001\n[tokens]\nlifetime_s = 60\n')
    monkeypatch.setenv("ADMIT_SERVER__PORT", "1003")
    settings = load_settings(data="elsewhere")
    assert (settings.host, settings.port, settings.tokens.lifetime_s) == ("::1", 1003, 60)
    assert settings.issuer == "http://[::1]:1003"
    assert settings.key_file == Path("elsewhere/admit.key")
    assert origin_of(settings, "server.port") == ("1003", "environment ADMIT_SERVER__PORT")
    assert origin_of(settings, "server.host")[1] == "admit.toml"
    assert origin_of(settings, "storage.data") == ("elsewhere", "flag")
    assert origin_of(settings, "sign_in.hash_queue") == ("64", "default")


def test_the_data_directory_has_a_short_variable(monkeypatch):
    monkeypatch.setenv("ADMIT_DATA", "short")
    assert load_settings().data_dir == Path("short")
    assert load_settings(data="flag").data_dir == Path("flag")
    monkeypatch.setenv("ADMIT_STORAGE__DATA", "long")
    assert load_settings().data_dir == Path("long")


def test_the_file_is_named_by_flag_or_variable(monkeypatch, toml, tmp_path):
    other = toml("[server]\nport = 7\n", "other.toml")
    assert load_settings(config=other).port == 7
    monkeypatch.setenv("ADMIT_CONFIG", str(other))
    assert load_settings().port == 7
    with pytest.raises(SettingsError, match=r"gone\.toml does not exist"):
        load_settings(config=tmp_path / "gone.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server]\nprot = 1\n", r"no setting server\.prot .*Did you mean server\.port\?"),
        ("[tokens]\nlifetime = 60\n", r"no setting tokens\.lifetime .*Did you mean tokens\.lifetime_s\?"),
        ("[serverr]\nport = 1\n", r"no setting serverr"),
        ("port = 1\n", r"no setting port"),
        ("[server]\nport = 'x'\n", r"server\.port can't be 'x'"),
        ("[server]\nport = 70000\n", r"server\.port can't be 70000"),
        ("[tokens]\nlifetime_s = 5\n", r"tokens\.lifetime_s can't be 5"),
        ("[tokens]\nrefresh_reuse_window_s = 301\n", r"refresh_reuse_window_s can't be 301"),
        ("[server]\ntrusted_proxies = ['here']\n", r"trusted_proxies"),
        ("[server]\ntrusted_proxies = ['10.0.0.1/8']\n", r"trusted_proxies"),
        ("[log]\nlevel = 'loud'\n", r"log\.level can't be 'loud'"),
        ("[server\n", r"can't be read"),
    ],
)
def test_a_mistake_in_the_file_names_the_key_and_the_mend(toml, text, said):
    toml(text)
    with pytest.raises(SettingsError, match=said):
        load_settings()


def test_a_mistake_in_the_environment_too(monkeypatch):
    monkeypatch.setenv("ADMIT_SERVER__PROT", "1")
    with pytest.raises(
        SettingsError, match=r"ADMIT_SERVER__PROT is no setting of Admit\. Did you mean ADMIT_SERVER__PORT\?"
    ):
        load_settings()


@pytest.mark.parametrize(
    "issuer",
    [
        "https://id.example.com",
        "https://id.example.com:8443",
        "http://127.0.0.1:8100",
        "http://localhost",
        "http://[::1]:9",
    ],
)
def test_an_issuer_is_an_address_without_anything_after_it(issuer):
    assert load_settings(issuer=issuer).issuer == issuer


@pytest.mark.parametrize(
    ("issuer", "said"),
    [
        ("https://id.example.com/", "nothing after the host name"),
        ("https://id.example.com?x=1", "nothing after the host name"),
        ("https://id.example.com#", "nothing after the host name"),
        ("https://id.example.com?", "nothing after the host name"),
        ("https://id.example.com:443", "no default port"),
        ("http://127.0.0.1:80", "no default port"),
        ("https://ID.example.com", "is written https://id.example.com"),
        ("https://id.example.com/auth", "has a path"),
        ("https://user:word@id.example.com", "has to be an address"),
        ("https://", "has to be an address"),
        ("ftp://id.example.com", "has to be an address"),
        ("id.example.com", "has to be an address"),
        ("https://[::1", "has to be an address"),
        ("https://id.example.com:port", "has to be an address"),
        ('https://id.example.com"', "has to be an address"),
        ("https://id.example.com\n", "is written|has to be"),
        ("http://id.example.com", "plain http and not on loopback"),
        ("http://127.0.0.1.evil.example", "plain http and not on loopback"),
        ("http://10.0.0.5:8100", "plain http and not on loopback"),
    ],
)
def test_another_issuer_is_refused_and_told_how_to_write_it(issuer, said):
    with pytest.raises(SettingsError, match=said):
        load_settings(issuer=issuer)


def test_plain_http_elsewhere_needs_a_name_that_shouts():
    assert load_settings(issuer="http://id.example.com", insecure_http=True).issuer == "http://id.example.com"


def test_listening_everywhere_needs_an_issuer():
    with pytest.raises(SettingsError, match="plain http and not on loopback"):
        load_settings(host="0.0.0.0")
    assert load_settings(host="0.0.0.0", issuer="https://id.example.com").host == "0.0.0.0"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://admit:hunter2@db.example/admit",
        "postgresql://admit:hunter2%40x@db.example/admit",
        "postgresql://admit:hunter2@x/y@db.example/admit",
        "postgresql://:hunter2@db.example/admit",
        "postgresql://db.example/admit?user=admit&password=hunter2&ssl=true",
    ],
)
def test_a_password_in_the_databases_address_is_masked(url):
    shown, _ = origin_of(load_settings(database=url), "storage.database")
    assert "hunter2" not in shown
    assert "***" in shown
    assert "db.example/admit" in shown


def test_an_address_without_password_is_shown_as_it_is():
    for url in ("postgresql://admit@db.example/admit", "sqlite:///var/x.db"):
        assert origin_of(load_settings(database=url), "storage.database")[0] == url


def test_settings_never_change():
    with pytest.raises(ValueError, match="frozen"):
        load_settings().server.port = 1


def test_every_setting_has_a_description():
    for section in Settings.model_fields.values():
        for key, info in section.default.__class__.model_fields.items():
            assert info.description, key


def test_options_of_authenticators_come_from_file_and_environment_and_are_shown_masked(toml, monkeypatch):
    toml(
        '[authenticator.webhook]\nurl = "https://x.test/"\npoll = true\n[authenticator."my_plugin:Card"]\ncolour = "red"\n'
    )
    monkeypatch.setenv("ADMIT_AUTHENTICATOR__WEBHOOK__SECRET", "whsec_abc")
    settings = load_settings()
    assert settings.authenticator.options == {
        "webhook": {"url": "https://x.test/", "poll": True, "secret": "whsec_abc"},
        "my_plugin:Card": {"colour": "red"},
    }
    assert origin_of(settings, "authenticator.webhook.secret") == ("***", "environment or secret file")
    assert origin_of(settings, "authenticator.webhook.url") == ("***", "admit.toml")


@pytest.mark.parametrize("name", ["ADMIT_AUTHENTICATOR__WEBHOOK", "ADMIT_AUTHENTICATOR__A__B__C"])
def test_a_variable_that_is_no_option_is_refused(monkeypatch, name):
    monkeypatch.setenv(name, "x")
    with pytest.raises(SettingsError, match="no setting"):
        load_settings()


def test_an_option_that_stands_in_no_table_is_refused(toml):
    toml('[authenticator]\nsecret = "x"\n')
    with pytest.raises(SettingsError, match=r"authenticator\.secret"):
        load_settings()


@pytest.mark.parametrize("network", ["10.0.0.1/8", "everywhere"])
def test_a_network_that_is_none_is_refused(toml, network):
    toml(f'[outgoing]\nallow_networks = ["{network}"]\n')
    with pytest.raises(SettingsError, match=r"outgoing\.allow_networks"):
        load_settings()
