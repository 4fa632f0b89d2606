"""TLS is spoken for the name, while the connection goes to the address that was allowed."""

import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub.errors import TransientError
from tests.connectors.calling import NAME, NotingControl, client, reply, scripted


class Authority:
    """A certificate authority of this test alone, and servers it vouches for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        certificate = self._signed(self._name, self._key.public_key(), authority=True)
        self.bundle = str(directory / "authority.pem")
        Path(self.bundle).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def server(self, *names: str) -> Callable[[socket.socket], socket.socket]:
        """Return what turns a connection into a TLS server with a certificate for `names`."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = self._signed(subject, key.public_key(), names=names)
        path = self._directory / f"{names[0]}.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        context.sni_callback = lambda _socket, name, _context: self.asked.append(name)
        self.asked: list[str | None] = []
        return lambda connection: context.wrap_socket(connection, server_side=True)

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        *,
        names: tuple[str, ...] = (),
        authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder(self._name, subject, key, x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general(name) for name in names]), critical=False
            )
        return builder.sign(self._key, hashes.SHA256())


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_tls_names_the_host_and_checks_the_certificate_for_it(authority: Authority) -> None:
    with scripted(reply(body=b"[1]"), authority.server(NAME)) as server:
        books = client(
            server, base_url=f"https://{NAME}:{server.port}", certificates=authority.bundle
        )

        assert books.call("GET", "/").json() == [1]

    assert authority.asked == [NAME]
    assert f"Host: {NAME}:{server.port}" in server.received[0]


@pytest.mark.parametrize("name", ["other.example", "127.0.0.1"])
def test_a_certificate_for_another_name_or_for_the_address_is_not_accepted(
    authority: Authority, name: str
) -> None:
    control = NotingControl()
    with scripted(reply(), authority.server(name)) as server:
        books = client(
            server, control, base_url=f"https://{NAME}:{server.port}", certificates=authority.bundle
        )
        with pytest.raises(TransientError) as caught:
            books.call("POST", "/", json={"secret": "kept"})

    assert type(caught.value) is TransientError  # nothing was sent: no doubt
    assert "certificate" in str(caught.value)
    assert server.received == []
    assert control.records[0].status is None


def test_an_authority_nobody_knows_is_not_accepted(authority: Authority) -> None:
    with scripted(reply(), authority.server(NAME)) as server:
        books = client(server, base_url=f"https://{NAME}:{server.port}")
        with pytest.raises(TransientError, match="certificate"):
            books.call("GET", "/")

    assert server.received == []
