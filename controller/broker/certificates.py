"""The fleet's own certificate authority, and the broker's certificate by it (X.509, ECDSA P-256, RFC 5280)."""

import secrets
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
from controller.settings import Settings

# A device without a clock believes that it is the day on which its firmware was built. A certificate made after
# that day would not be valid yet to it, so it could not connect, so it would never learn the time.
BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
CA_END = datetime(2074, 1, 1, tzinfo=UTC)
SERVER_LIFE = timedelta(days=5 * 365)
RENEW_BEFORE = timedelta(days=2 * 365)  # it is looked at when the broker starts, which may be rarely

Key = ec.EllipticCurvePrivateKey


class CaError(Exception):
    """The CA cannot be changed as asked; the text, one line, says why and what to do."""


class Authority:
    """The CA in the data folder, made where there is none.

    While it is renewed there are two, and devices trust both: the first signs until every device knows the second, then
    the second does, and the first is dropped. Each is a pair of files, and the file `signing` names the one that signs.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder.ca
        if not self.names:
            self._make("ca")

    @staticmethod
    def exists(folder: Folder) -> bool:
        """Whether there is a CA."""
        return (folder.ca / "ca.pem").exists() or bool(list(folder.ca.glob("ca-*.pem")))

    @property
    def names(self) -> list[str]:
        """The CAs that devices trust, the one that signs first."""
        found = [path.stem for path in self._folder.glob("ca*.pem") if path.with_suffix(".key").exists()]
        marker = self._folder / "signing"
        signing = marker.read_text("ascii") if marker.exists() else "ca"
        return sorted(found, key=lambda name: (name != signing, _number(name)))

    @property
    def renewing(self) -> bool:
        """Whether there is a newer CA that does not sign yet."""
        numbers = [_number(name) for name in self.names]
        return len(numbers) > 1 and numbers[0] < numbers[1]

    @property
    def certificates(self) -> list[x509.Certificate]:
        """The certificates of `names`."""
        return [x509.load_pem_x509_certificate((self._folder / f"{name}.pem").read_bytes()) for name in self.names]

    @property
    def pem(self) -> str:
        """The certificates, as devices and programs trust them."""
        return "".join((self._folder / f"{name}.pem").read_text("ascii") for name in self.names)

    def renew(self) -> None:
        """Make a second CA beside the first. Raises CaError where there are two already."""
        if len(self.names) > 1:
            raise CaError("the CA is being renewed already: go on with --finish, then --drop")
        self._make(f"ca-{_number(self.names[0]) + 1}")

    def finish(self) -> None:
        """Have the newer CA sign from now on; the other is trusted still. Raises CaError where there is none."""
        if not self.renewing:
            raise CaError("there is no second CA that does not sign yet: begin with `balai ca renew`")
        write_secret(self._folder / "signing", self.names[1].encode())

    def drop(self) -> None:
        """Trust the older CA no more. Raises CaError where it signs, or is the only one."""
        if len(self.names) < 2 or self.renewing:
            raise CaError("there is no older CA that could be dropped: `balai ca renew --finish` comes first")
        older = self.names[-1]
        for suffix in (".pem", ".key"):  # without its certificate it is no CA any more
            (self._folder / f"{older}{suffix}").unlink()

    def server(self, certificate: Path, key: Path, names: Iterable[str]) -> bool:
        """Have a server's certificate for `names` (hosts or addresses) in place; return whether a new one was made.

        The one that is there stays where it names the same, lasts, and is by the CA that signs.
        """
        wanted = _names(names)
        now = datetime.now(UTC)
        signer = self.certificates[0]
        if certificate.exists() and key.exists():
            there = x509.load_pem_x509_certificate(certificate.read_bytes())
            found = there.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            ours = there.issuer == signer.subject and _signed(there, signer)
            if ours and set(found) == set(wanted) and there.not_valid_after_utc - now > RENEW_BEFORE:
                return False
        own = ec.generate_private_key(ec.SECP256R1())
        builder = _builder("Balai broker", own, signer, now + SERVER_LIFE)
        builder = (
            builder.add_extension(x509.SubjectAlternativeName(wanted), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        )
        signed = builder.sign(_key(self._folder / f"{self.names[0]}.key"), hashes.SHA256())
        write_secret(key, _pem(own))
        write_secret(certificate, signed.public_bytes(serialization.Encoding.PEM))
        return True

    def _make(self, name: str) -> None:
        own = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(f"Balai fleet {secrets.token_hex(3)}", own, None, CA_END)
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
        write_secret(self._folder / f"{name}.key", _pem(own))
        made = builder.sign(own, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        write_secret(self._folder / f"{name}.pem", made)


def trusted(settings: Settings, folder: Folder) -> str:
    """Return the certificates (PEM) that devices trust the broker by, "" for the system's.

    The fleet's own CA is made with the first start. An outside broker whose certificate is by it is trusted by all that
    the fleet's CA is at the time, which while it is renewed is more than the file says.
    """
    if settings.own_broker:
        return Authority(folder).pem
    given = settings.broker_ca.read_text("ascii") if settings.broker_ca else ""
    if given and Authority.exists(folder):
        own = Authority(folder)
        if set(x509.load_pem_x509_certificates(given.encode())) & set(own.certificates):
            return own.pem
    return given


def _number(name: str) -> int:
    return 1 if name == "ca" else int(name.removeprefix("ca-"))


def own_names() -> list[str]:
    """Return the names and addresses under which this machine is likely to be reached."""
    names = ["localhost", "127.0.0.1", socket.gethostname(), socket.getfqdn()]
    with suppress(OSError):
        names += [str(found[4][0]) for found in socket.getaddrinfo(socket.gethostname(), None)]
    return list(dict.fromkeys(names))


def _builder(name: str, key: Key, issuer: x509.Certificate | None, end: datetime) -> x509.CertificateBuilder:
    """Begin a certificate, with the identifiers that tell two CAs apart (RFC 5280, sections 4.2.1.1 and 4.2.1.2)."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    by = issuer.public_key() if issuer else key.public_key()
    assert isinstance(by, ec.EllipticCurvePublicKey)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGINNING)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by), critical=False)
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
