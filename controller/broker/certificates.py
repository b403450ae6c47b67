"""The fleet's own certificate authority, and the certificate of our broker by it (X.509, ECDSA P-256, RFC 5280)."""

import socket
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from controller.folder import Folder, write_secret

# A device without a clock believes that it is the day on which its firmware was built. A certificate made after
# that day would not be valid yet to it, so it could not connect, so it would never learn the time.
BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
CA_END = datetime(2074, 1, 1, tzinfo=UTC)
SERVER_LIFE = timedelta(days=5 * 365)
RENEW_BEFORE = timedelta(days=2 * 365)  # it is looked at when the broker starts, which may be rarely

Key = ec.EllipticCurvePrivateKey


class Authority:
    """The CA in the data folder, made where there is none."""

    def __init__(self, folder: Folder) -> None:
        self.path = folder.ca / "ca.pem"
        key = folder.ca / "ca.key"
        if not (self.path.exists() and key.exists()):
            _make_ca(self.path, key)
        self._key = _key(key)
        self._certificate = x509.load_pem_x509_certificate(self.path.read_bytes())

    @property
    def pem(self) -> str:
        """The CA's certificate, as devices and programs trust it."""
        return self.path.read_text("ascii")

    def server(self, certificate: Path, key: Path, names: Iterable[str]) -> bool:
        """Have a server's certificate for `names` (hosts or addresses) in place; return whether a new one was made.

        The one that is there stays where it names the same and lasts.
        """
        wanted = _names(names)
        now = datetime.now(UTC)
        if certificate.exists() and key.exists():
            there = x509.load_pem_x509_certificate(certificate.read_bytes())
            found = there.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            ours = there.issuer == self._certificate.subject and _signed(there, self._certificate)
            if ours and set(found) == set(wanted) and there.not_valid_after_utc - now > RENEW_BEFORE:
                return False
        own = ec.generate_private_key(ec.SECP256R1())
        builder = _builder("Balai broker", own, self._certificate.subject, now + SERVER_LIFE)
        builder = (
            builder.add_extension(x509.SubjectAlternativeName(wanted), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        )
        write_secret(key, _pem(own))
        write_secret(certificate, builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return True


def own_names() -> list[str]:
    """Return the names and addresses under which this machine is likely to be reached."""
    names = ["localhost", "127.0.0.1", socket.gethostname(), socket.getfqdn()]
    with suppress(OSError):
        names += [str(found[4][0]) for found in socket.getaddrinfo(socket.gethostname(), None)]
    return list(dict.fromkeys(names))


def _make_ca(certificate: Path, key: Path) -> None:
    own = ec.generate_private_key(ec.SECP256R1())
    builder = _builder("Balai fleet", own, None, CA_END)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(
        x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        ),
        critical=True,
    )
    write_secret(key, _pem(own))
    write_secret(certificate, builder.sign(own, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def _builder(name: str, key: Key, issuer: x509.Name | None, end: datetime) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGINNING)
        .not_valid_after(end)
    )


def _names(names: Iterable[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in dict.fromkeys(names):
        try:
            address: IPv4Address | IPv6Address = ip_address(name.partition("%")[0])
        except ValueError:
            found.append(x509.DNSName(name))
        else:
            found.append(x509.IPAddress(address))
    return found


def _signed(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(by)
    except Exception:
        return False
    return True


def _key(path: Path) -> Key:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
