"""Certificate authorities, and a broker that is known by their certificates and knows devices by their secrets."""

import base64
import hashlib
import os
import signal
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.broker import Mosquitto, free_port

BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
END = datetime(2074, 1, 1, tzinfo=UTC)


class Authority:
    """A CA; all have the same name, as those of one fleet do."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Balai fleet")
        self.certificate = self._sign(self._name, self._key, BEGINNING, END, True)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def der(self) -> str:
        """As in a connection document."""
        return base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()

    def server(self, begin: datetime = BEGINNING, end: datetime = END) -> bytes:
        """A certificate for 127.0.0.1 and its key, PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._sign(_name("broker"), key, begin, end, False)
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return made.public_bytes(serialization.Encoding.PEM) + secret

    def _sign(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, begin: datetime, end: datetime, ca: bool
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca, 0 if ca else None), critical=True)
        )
        if not ca:
            here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
            builder = builder.add_extension(here, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Broker:
    """A Mosquitto: `port` for the controller, `secure` for devices, over TLS and with a secret."""

    def __init__(self, folder: Path, certificate: bytes, **secrets: str) -> None:
        """`secrets` by user name; dots in names are written as "_"."""
        self._certificate = folder / f"certificate-{id(self)}.pem"
        self._passwords = folder / f"passwords-{id(self)}"
        self.secure = free_port()
        self.show(certificate)
        self.allow(**secrets)
        more = f"listener {self.secure} 127.0.0.1\ncertfile {self._certificate}\nkeyfile {self._certificate}\n"
        self.mosquitto = Mosquitto(folder, more=f"password_file {self._passwords}\n{more}")
        self.port = self.mosquitto.port

    def show(self, certificate: bytes) -> None:
        """Have this certificate from the next start on."""
        self._certificate.write_bytes(certificate)

    def allow(self, **secrets: str) -> None:
        """Let these in and nobody else; at once where it runs."""
        lines = [f"{name.replace('_', '.')}:{_hashed(secret)}\n" for name, secret in secrets.items()]
        self._passwords.write_text("".join(lines))
        if process := getattr(getattr(self, "mosquitto", None), "_process", None):
            process.send_signal(signal.SIGHUP)

    def start(self) -> None:
        self.mosquitto.start()

    def stop(self) -> None:
        self.mosquitto.stop()


def _hashed(secret: str) -> str:
    """As mosquitto_passwd of 2.0 does: PBKDF2, SHA-512, 101 rounds."""
    salt = os.urandom(12)
    found = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, 101)
    return f"$7$101${base64.b64encode(salt).decode()}${base64.b64encode(found).decode()}"
