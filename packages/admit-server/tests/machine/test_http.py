"""Calls to outside processes, against real servers: what may be called, and what an answer may cost."""

import asyncio
import datetime
import ipaddress
import socket
import ssl
import time
from contextlib import asynccontextmanager

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from admit_server.authenticators.api import NotReached
from admit_server.machine.http import GuardedHttp, Limits

pytestmark = pytest.mark.anyio

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Of `process.test` and nobody else, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "process.test")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("process.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


class Seen:
    """What a server got: requests as bytes, and the name that was asked for in the handshake."""

    def __init__(self):
        self.requests, self.names, self.port = [], [], 0


@asynccontextmanager
async def serving(answer=GOOD, *, tls=None, host="127.0.0.1"):
    """A real server. `answer`: bytes, or a coroutine function that gets the writer."""
    seen = Seen()

    async def client(reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length")
            )
            seen.requests.append(head + await reader.readexactly(length))
            if callable(answer):
                await answer(writer)
            else:
                writer.write(answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the caller has gone, or the test
        finally:
            writer.close()

    context = None
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        context.sni_callback = lambda _socket, name, _context: seen.names.append(name)
    server = await asyncio.start_server(client, host, 0, ssl=context)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        server.close()


def names(*rounds):
    """A resolver whose answers change from one question to the next."""
    asked = []

    async def resolve(host, port):
        asked.append((host, port))
        return rounds[min(len(asked), len(rounds)) - 1]

    resolve.asked = asked
    return resolve


LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


async def test_a_post_brings_body_and_headers_and_the_answer_comes_back_whole():
    async with serving() as seen:
        http = GuardedHttp(development=True)
        answer = await http.post(
            f"http://127.0.0.1:{seen.port}/hook?x=1", b'{"a": 1}', {"Content-Type": "application/json"}
        )
    assert (answer.status, answer.body) == (200, b"{}")
    assert answer.headers["content-type"] == "application/json"
    head, body = seen.requests[0].split(b"\r\n\r\n")
    assert head.startswith(b"POST /hook?x=1 HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{seen.port}".encode() in head
    assert body == b'{"a": 1}'


async def test_over_tls_the_certificate_is_that_of_the_name_though_the_address_is_pinned(certificate):
    async with serving(tls=certificate) as seen:
        tls = ssl.create_default_context(cafile=str(certificate))
        resolve = names(["127.0.0.1"], ["10.0.0.1"])
        http = GuardedHttp(allow_networks=LOOPBACK, tls=tls, resolve=resolve)
        answer = await http.post(f"https://process.test:{seen.port}/", b"", {})
        assert answer.status == 200
        assert seen.names == ["process.test"]
        # Asked once: there is no second answer that could lead elsewhere.
        assert resolve.asked == [("process.test", seen.port)]


async def test_a_certificate_of_another_name_is_not_believed(certificate):
    async with serving(tls=certificate) as seen:
        tls = ssl.create_default_context(cafile=str(certificate))
        http = GuardedHttp(allow_networks=LOOPBACK, tls=tls, resolve=names(["127.0.0.1"]))
        with pytest.raises(NotReached, match="certificate"):
            await http.post(f"https://other.test:{seen.port}/", b"", {})
    assert seen.requests == []


async def test_a_certificate_that_nobody_vouches_for_is_not_believed(certificate):
    async with serving(tls=certificate) as seen:
        http = GuardedHttp(allow_networks=LOOPBACK, resolve=names(["127.0.0.1"]))
        with pytest.raises(NotReached, match="certificate"):
            await http.post(f"https://process.test:{seen.port}/", b"", {})
    assert seen.requests == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
        "2002:a00:1::1",
    ],
)
async def test_no_private_address_is_called_in_any_way_of_writing(address):
    http = GuardedHttp(resolve=names([address]))
    with pytest.raises(NotReached, match="no address that may be called"):
        await http.post("https://process.test/", b"", {})


async def test_a_name_that_the_system_resolves_to_loopback_is_not_called():
    async with serving() as seen:
        with pytest.raises(NotReached, match="allow_networks"):
            await GuardedHttp().post(f"http://localhost:{seen.port}/", b"", {})
        with pytest.raises(NotReached, match="allow_networks"):
            await GuardedHttp().post(f"http://127.0.0.1:{seen.port}/", b"", {})
        for odd in ("0x7f.1", "2130706433", "127.1", "017700000001"):
            with pytest.raises(NotReached):
                await GuardedHttp().post(f"http://{odd}:{seen.port}/", b"", {})
    assert seen.requests == []


async def test_of_several_addresses_only_a_permitted_one_is_called():
    async with serving() as seen:
        http = GuardedHttp(allow_networks=LOOPBACK, resolve=names(["10.0.0.1", "127.0.0.1"]))
        assert (await http.post(f"http://process.test:{seen.port}/", b"", {})).status == 200


async def test_an_allowed_network_is_called_and_no_other():
    async with serving() as seen:
        url = f"http://127.0.0.1:{seen.port}/"
        allowed = GuardedHttp(allow_networks=(ipaddress.ip_network("127.0.0.1/32"),))
        assert (await allowed.post(url, b"", {})).status == 200
        other = GuardedHttp(allow_networks=(ipaddress.ip_network("10.0.0.0/8"),))
        with pytest.raises(NotReached, match="allow_networks"):
            await other.post(url, b"", {})


async def test_plain_http_is_for_loopback_alone():
    private = GuardedHttp(allow_networks=(ipaddress.ip_network("10.0.0.0/8"),), resolve=names(["10.0.0.1"]))
    for http in (private, GuardedHttp(development=True, resolve=names(["93.184.216.34"]))):
        with pytest.raises(NotReached, match="only https"):
            await http.post("http://process.test/", b"", {})


@pytest.mark.parametrize(
    "url",
    [
        "",
        "process.test",
        "ftp://process.test/",
        "file:///etc/passwd",
        "https://",
        "https://user:password@process.test/",
        "https://process.test:0/",
        "https://process.test:99999/",
        "https://process.test/a b",
        "https://process.test/\r\nX: 1",
        "https://pröcess.test/",
        "https://[::1/",
    ],
)
async def test_an_address_that_is_none_is_told(url):
    with pytest.raises(NotReached, match="no https address"):
        await GuardedHttp().post(url, b"", {})


@pytest.mark.parametrize("host", ["a" * 70 + ".test", "nowhere.invalid"])
async def test_a_name_that_nobody_has_is_told(host):
    with pytest.raises(NotReached, match="can't be reached"):
        await GuardedHttp().post(f"https://{host}/", b"", {})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status):
    async with serving() as target:
        answer = f"HTTP/1.1 {status} Go\r\nLocation: http://127.0.0.1:{target.port}/\r\nContent-Length: 0\r\n\r\n"
        async with serving(answer.encode()) as seen:
            with pytest.raises(NotReached, match=f"redirect .{status}"):
                await GuardedHttp(development=True).post(f"http://127.0.0.1:{seen.port}/", b"", {})
    assert target.requests == []


async def test_no_proxy_of_the_environment_is_used(monkeypatch):
    async with serving() as proxy, serving() as seen:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        await GuardedHttp(development=True).post(f"http://127.0.0.1:{seen.port}/", b"", {})
    assert (len(seen.requests), proxy.requests) == (1, [])


async def refused_within(seconds, match, answer, **limits):
    async with serving(answer) as seen:
        http = GuardedHttp(development=True, limits=Limits(**limits))
        began = time.monotonic()
        with pytest.raises(NotReached, match=match):
            await http.post(f"http://127.0.0.1:{seen.port}/", b"", {})
        assert time.monotonic() - began < seconds


async def silence(writer):
    await asyncio.sleep(30)


async def test_a_process_that_says_nothing_is_left_in_time():
    await refused_within(2, "within 0.3 s", silence, timeout_s=0.3)


async def test_a_drip_of_bytes_buys_no_more_time():
    async def drip(writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.02)

    await refused_within(2, "within 0.3 s", drip, timeout_s=0.3)


async def test_an_endless_body_ends_at_the_limit():
    async def endless(writer):
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            await writer.drain()

    await refused_within(4, "more than 65536 bytes", endless)


async def test_endless_headers_end_too():
    async def endless(writer):
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
            await writer.drain()

    await refused_within(4, "no good answer", endless)


@pytest.mark.parametrize(
    "answer", [b"", b"hello", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", b"\x00" * 100]
)
async def test_half_an_answer_is_none(answer):
    await refused_within(4, "no good answer|can't be reached", answer)


async def test_a_port_where_nobody_listens_is_told():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(NotReached, match="can't be reached"):
        await GuardedHttp(development=True).post(f"http://127.0.0.1:{port}/", b"", {})


async def test_calls_beyond_the_limit_wait_no_longer_than_a_call():
    async with serving(silence) as seen:
        http = GuardedHttp(development=True, limits=Limits(timeout_s=0.3, at_once=1))
        url = f"http://127.0.0.1:{seen.port}/"
        answers = await asyncio.gather(*(http.post(url, b"", {}) for _ in range(5)), return_exceptions=True)
        assert [type(each) for each in answers] == [NotReached] * 5
        # The place of the first is free at the moment in which the others give up, which lets one more slip in.
        assert 1 <= len(seen.requests) <= 2


async def test_headers_that_would_split_the_request_are_a_fault_of_the_caller():
    async with serving() as seen:
        with pytest.raises(ValueError, match="headers"):
            await GuardedHttp(development=True).post(f"http://127.0.0.1:{seen.port}/", b"", {"X": "a\r\nY: b"})
    assert seen.requests == []


async def test_an_ipv6_server_is_called_too():
    async with serving(host="::1") as seen:
        assert (await GuardedHttp(development=True).post(f"http://[::1]:{seen.port}/", b"", {})).status == 200
