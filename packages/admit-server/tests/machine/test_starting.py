"""Starting: what is missing or wrong is told in one line that says what to do."""

import asyncio
import os
import shutil
import socket
import sqlite3

import pytest

from admit_server.app import StartError, open_parts, open_runtime, open_site
from admit_server.serving import run
from admit_server.settings import load_settings
from admit_server.starting import read_key_file, read_or_make_key_file
from admit_server.tokens.envelope import Vault

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="session")
def started(sqlite_template, tmp_path_factory):
    """A data directory in which a server ran once: database, key file, signing keys. Copy it."""
    directory = tmp_path_factory.mktemp("started")
    shutil.copy(sqlite_template, directory / "admit.db")
    read_or_make_key_file(directory / "admit.key")
    (directory / "empty.toml").write_text("")
    asyncio.run(start(load_settings(config=directory / "empty.toml", data=directory)))
    return directory


@pytest.fixture
def data(started, tmp_path):
    """A data directory of this test's own."""
    return shutil.copytree(started, tmp_path / "data")


@pytest.fixture
def settings(data, tmp_path):
    config = tmp_path / "empty.toml"
    config.write_text("")
    return lambda **flags: load_settings(config=config, **{"data": data, **flags})


async def start(settings, **more):
    async with open_runtime(settings, **more) as rt:
        return rt


async def test_a_directory_that_is_complete_opens_and_keeps_its_keys(settings):
    first = {key.stored.kid for key in (await start(settings())).keys.current.keys}
    assert first == {key.stored.kid for key in (await start(settings())).keys.current.keys}
    assert len(first) == 2


async def test_an_empty_place_is_set_up_for_its_owner_only(settings, tmp_path):
    fresh = tmp_path / "new" / "place"
    await start(settings(data=fresh))
    assert fresh.stat().st_mode & 0o777 == 0o700
    assert (fresh / "admit.key").stat().st_mode & 0o777 == 0o600
    for file in fresh.iterdir():
        assert not file.stat().st_mode & 0o077, file.name


async def test_a_missing_key_file_is_never_replaced_by_a_new_one(settings, data):
    (data / "admit.key").unlink()
    with pytest.raises(StartError, match="is missing, and the database was made with one: put it back"):
        await start(settings())
    assert not (data / "admit.key").exists()


async def test_tables_in_which_nothing_is_sealed_yet_get_a_key_file(settings, tmp_path, sqlite_template):
    """`admit db upgrade` made them, and nothing else."""
    fresh = tmp_path / "tables-only"
    fresh.mkdir(mode=0o700)
    shutil.copy(sqlite_template, fresh / "admit.db")
    with pytest.raises(StartError, match="is missing"):
        await start(settings(data=fresh), create=False)
    await start(settings(data=fresh))
    assert (fresh / "admit.key").stat().st_mode & 0o777 == 0o600


async def test_a_key_file_that_others_can_read_is_refused(settings, data):
    for mode in (0o644, 0o640, 0o604, 0o660):
        (data / "admit.key").chmod(mode)
        with pytest.raises(StartError, match=f"can be read by others: run `chmod 600 {data / 'admit.key'}`"):
            await start(settings())


async def test_a_key_file_that_can_not_be_read_is_told(settings, data):
    (data / "admit.key").unlink()
    (data / "admit.key").mkdir(mode=0o700)
    with pytest.raises(StartError, match="can't be read"):
        await start(settings())


@pytest.mark.parametrize(
    "content",
    [b"", b"# empty\n", b"hunter2-hunter2", b"admit-key-v1 short", b"\xff\x00", b"admit-key-v9 AA"],
)
async def test_another_file_is_no_key_file_and_its_content_is_not_shown(settings, data, content):
    (data / "admit.key").write_bytes(content)
    with pytest.raises(StartError, match=r"not a key file|can't be read") as refusal:
        await start(settings())
    assert "hunter2" not in str(refusal.value)


async def test_the_key_file_of_another_installation_is_noticed_before_anything_is_made(settings, data):
    (data / "admit.key").write_text(Vault.format(b"x" * 32))
    with pytest.raises(
        StartError, match="does not open the signing keys of this database: put back the key file that belongs to it"
    ):
        await start(settings())
    keys = sqlite3.connect(data / "admit.db").execute("SELECT COUNT(*) FROM signing_key").fetchone()
    assert keys == (2,)


async def test_a_key_file_with_the_new_key_first_and_the_old_one_after_opens_both(settings, data):
    old = (data / "admit.key").read_text()
    (data / "admit.key").write_text(Vault.format(b"x" * 32) + old)
    rt = await start(settings())
    assert all(key.private is not None for key in rt.keys.current.keys)


async def test_a_newer_database_is_refused_and_left_alone(settings, data):
    connection = sqlite3.connect(data / "admit.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StartError, match=r"made by a newer Admit.*install the newer version, or restore the backup"):
        await start(settings())


async def test_a_file_that_is_no_database_is_told(settings, data):
    (data / "admit.db").write_bytes(b"this is a letter, not a database. " * 100)
    with pytest.raises(StartError, match="no SQLite database: restore a backup"):
        await start(settings())


async def test_a_database_of_another_program_is_left_alone(settings, data):
    (data / "admit.db").unlink()
    connection = sqlite3.connect(data / "admit.db")
    connection.execute("CREATE TABLE somebody_elses (x)")
    connection.close()
    with pytest.raises(StartError, match="tables of another program"):
        await start(settings())


async def test_a_command_makes_nothing_where_there_is_nothing(settings, tmp_path):
    with pytest.raises(StartError, match=r"there is no database at .*: run `admit serve` or `admit db upgrade`"):
        await start(settings(data=tmp_path / "nowhere"), create=False)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "http://x"])
async def test_an_address_of_no_database_is_told_without_repeating_it(settings, url):
    with pytest.raises(StartError, match=r"can't open a|not named"):
        await start(settings(database=url))


async def test_a_database_server_that_does_not_answer_is_told_without_its_password(settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://admit:hunter2@127.0.0.1:{taken.getsockname()[1]}/admit"
        with pytest.raises(StartError) as refusal:
            await start(settings(database=url))
    assert "hunter2" not in str(refusal.value)


async def test_a_data_directory_that_can_not_be_made_is_told(settings, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StartError, match="can't be made"):
        await start(settings(data=tmp_path / "file" / "below"))


async def test_an_unknown_authenticator_is_told_and_one_that_is_needed_too(data, tmp_path):
    for lines, said in (
        ('authenticators = ["fingerprint"]', "sign_in.authenticators: .*'fingerprint' is not built in"),
        ("authenticators = []", "sign_in.requires: say what a sign-in has to prove"),
        (
            'requires = "password and card"',
            "sign_in.requires: 'card' is not loaded here .*name it in sign_in.authenticators",
        ),
        ('requires = "password and"', "sign_in.requires: .*name of an authenticator is missing at its end"),
        ('requires = "password and passkey"', "sign_in.requires: 'passkey' .*server.issuer has to have a host name"),
    ):
        config = tmp_path / "authenticators.toml"
        config.write_text(f"[sign_in]\n{lines}\n")
        with pytest.raises(StartError, match=said):
            await start(load_settings(config=config, data=data))


def test_a_port_in_use_is_told_before_anything_is_opened(settings, data):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (data / "admit.key").unlink()
        with pytest.raises(StartError, match=f"can't listen on 127.0.0.1:{port}: .*in use.*choose another with --port"):
            run(settings(port=port))


def test_an_address_that_is_not_of_this_machine_is_told(settings):
    with pytest.raises(StartError, match=r"can't listen on 192\.0\.2\.1:0"):
        run(settings(host="192.0.2.1", port=0, issuer="https://id.example"))


def test_two_that_make_the_key_file_at_once_agree_on_one(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    path = tmp_path / "admit.key"
    with ThreadPoolExecutor(8) as pool:
        vaults = list(pool.map(lambda _: read_or_make_key_file(path), range(16)))
    assert {tuple(vault.key_ids) for vault in vaults} == {tuple(read_key_file(path).key_ids)}


def test_a_key_file_that_another_process_is_just_filling_is_waited_for(tmp_path):
    from threading import Timer

    path = tmp_path / "admit.key"
    path.touch(mode=0o600)
    writing = Timer(0.1, path.write_text, [Vault.format(b"x" * 32)])
    writing.start()
    assert read_or_make_key_file(path).key_ids == Vault.from_keys([b"x" * 32]).key_ids
    writing.join()


async def test_everything_is_given_back_when_the_site_closes(settings):
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(3):
        async with open_site(settings()) as server:
            assert server.runtime.issuer == "http://127.0.0.1:8100"
    if before:
        assert len(os.listdir("/proc/self/fd")) <= before + 2


async def test_two_processes_may_open_one_directory(settings):
    async with open_parts(settings()) as (one, _), open_parts(settings()) as (other, _):
        assert [k.stored.kid for k in one.keys.current.keys] == [k.stored.kid for k in other.keys.current.keys]
