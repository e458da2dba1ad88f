import pytest

from admit import VerifierMisconfigured, VerifierUnavailable
from admit.metadata import MetadataSource

OAUTH = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"


def test_the_address_follows_rfc_8414_and_then_openid_connect():
    """RFC 8414 section 3.1: the well-known part stands between host and path."""
    assert MetadataSource("https://id.example/tenant").addresses() == (
        "https://id.example/.well-known/oauth-authorization-server/tenant",
        "https://id.example/tenant/.well-known/openid-configuration",
    )
    assert MetadataSource("https://id.example/").addresses() == (
        "https://id.example/.well-known/oauth-authorization-server",
        "https://id.example/.well-known/openid-configuration",
    )


def test_openid_metadata_serves_where_there_is_no_other(server):
    server.routes[OPENID] = server.routes.pop(OAUTH)

    assert MetadataSource(server.url).get().jwks_uri == f"{server.url}/jwks"


def test_metadata_is_kept(server):
    source = MetadataSource(server.url)

    assert source.get() == source.get()
    assert server.requests[OAUTH] == 1


def test_metadata_of_another_issuer_is_refused(server):
    """RFC 8414 section 3.3."""
    server.metadata["issuer"] = "https://evil.example"

    with pytest.raises(VerifierMisconfigured, match=r"evil\.example"):
        MetadataSource(server.url).get()


def test_a_document_without_an_issuer_is_somebody_elses(server):
    del server.metadata["issuer"]

    with pytest.raises(VerifierMisconfigured, match=r"is no metadata of an issuer.*the right address"):
        MetadataSource(server.url).get()


@pytest.mark.parametrize("name", ["jwks_uri", "revocation_feed_endpoint", "introspection_endpoint"])
@pytest.mark.parametrize("address", ["https://evil.example/x", "http://192.0.2.1/x", "file:///x", 5, ""])
def test_addresses_on_other_hosts_are_refused(server, name, address):
    server.metadata[name] = address

    with pytest.raises(VerifierMisconfigured, match=name):
        MetadataSource(server.url).get()


def test_another_host_can_be_trusted_by_name(server):
    server.metadata["jwks_uri"] = "https://keys.example/jwks"

    assert MetadataSource(server.url, trusted_hosts={"keys.example"}).get().jwks_uri == "https://keys.example/jwks"


def test_an_issuer_without_metadata_is_a_mistake_and_one_in_trouble_is_an_outage(server):
    del server.routes[OAUTH]
    with pytest.raises(VerifierMisconfigured, match="publishes no metadata"):
        MetadataSource(server.url).get()

    server.routes[OAUTH] = lambda h: h.answer(503, b"")
    with pytest.raises(VerifierUnavailable) as caught:
        MetadataSource(server.url).get()
    assert not isinstance(caught.value, VerifierMisconfigured)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"<html>"])
def test_metadata_that_is_no_json_object_is_refused(server, body):
    server.routes[OAUTH] = lambda h: h.answer(200, body)

    with pytest.raises(VerifierMisconfigured):
        MetadataSource(server.url).get()
