"""The fleet's CA and the broker's certificate: what they are, and how both are renewed without cutting anybody off."""

import signal
import socket
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from controller.broker import certificates
from controller.broker.certificates import BEGINNING, Authority, CaError, trusted
from controller.folder import Folder
from controller.settings import Settings
from protocol import topics
from tests.controller.broker.conftest import KIOSK, OwnBroker, trusts

NAMES = ["balai.example", "127.0.0.1"]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "data")
    made.make()
    return made


def server(folder: Folder) -> x509.Certificate:
    """Return the server's certificate, renewed where it must be."""
    path = folder.broker / "server.crt"
    Authority(folder).server(path, folder.broker / "server.key", NAMES)
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_certificates_are_of_the_curve_that_devices_know_and_valid_before_any_firmware_was_built(folder: Folder):
    found = [*Authority(folder).certificates, server(folder)]
    for one in found:
        key = one.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert key.curve.name == "secp256r1"
        assert one.not_valid_before_utc == BEGINNING
        assert len(one.public_bytes(certificates.serialization.Encoding.DER)) < 700, "it has to fit into a message"
    assert found[1].issuer == found[0].subject
    names = found[1].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["balai.example"]


def test_a_certificate_that_lasts_stays_and_another_is_made_for_other_names_and_before_the_end(
    folder: Folder, monkeypatch
):
    first = server(folder)
    assert server(folder) == first
    path, key = folder.broker / "server.crt", folder.broker / "server.key"
    assert Authority(folder).server(path, key, ["elsewhere.example"])
    assert not Authority(folder).server(path, key, ["elsewhere.example"])
    monkeypatch.setattr(certificates, "SERVER_LIFE", timedelta(days=700))
    assert server(folder) != first
    monkeypatch.undo()
    assert server(folder).not_valid_after_utc - first.not_valid_after_utc < timedelta(days=1), "700 days are too few"


def test_the_second_ca_signs_only_when_it_is_told_and_the_first_is_trusted_until_it_is_dropped(folder: Folder):
    first = Authority(folder).pem
    by_first = server(folder)
    Authority(folder).renew()
    both = Authority(folder).pem
    assert server(folder) == by_first
    assert both.count("BEGIN CERTIFICATE") == 2
    assert both.startswith(first)
    assert Authority(folder).renewing
    Authority(folder).finish()
    by_second = server(folder)
    assert by_second.issuer != by_first.issuer
    assert sorted(Authority(folder).certificates, key=str) == sorted(
        x509.load_pem_x509_certificates(both.encode()), key=str
    )
    Authority(folder).drop()
    assert Authority(folder).pem == both.removeprefix(first)
    assert server(folder) == by_second
    Authority(folder).renew()
    Authority(folder).finish()
    Authority(folder).drop()
    assert len(Authority(folder).names) == 1
    assert len({one.subject for one in (by_first, by_second, server(folder))}) == 1
    assert len({one.issuer for one in (by_first, by_second, server(folder))}) == 3, "no two CAs have one name"


def test_steps_out_of_order_are_refused_and_change_nothing(folder: Folder):
    authority = Authority(folder)
    for step in (authority.finish, authority.drop):
        with pytest.raises(CaError):
            step()
    authority.renew()
    for step in (authority.renew, authority.drop):
        with pytest.raises(CaError):
            step()
    authority.finish()
    for step in (authority.renew, authority.finish):
        with pytest.raises(CaError):
            step()
    assert len(authority.names) == 2


@pytest.mark.parametrize("lost", ["ca-2.pem", "ca-2.key"])
def test_a_renewal_that_was_cut_off_has_not_happened(folder: Folder, lost: str):
    before = Authority(folder).pem
    Authority(folder).renew()
    (folder.ca / lost).unlink()
    assert Authority(folder).pem == before
    assert not Authority(folder).renewing
    Authority(folder).renew()
    assert len(Authority(folder).names) == 2


def test_devices_trust_an_outside_broker_by_what_was_given_or_by_all_of_the_fleets_ca(folder: Folder, tmp_path: Path):
    own, other = Authority(folder), Folder(tmp_path / "other")
    other.make()
    given = tmp_path / "given.pem"
    settings = Settings(data=folder.root, broker_url="mqtts://balai.example", broker_ca=_written(given, own.pem))
    own.renew()
    assert trusted(settings, folder) == own.pem
    _written(given, Authority(other).pem)
    assert trusted(settings, folder) == Authority(other).pem
    assert trusted(Settings(data=folder.root, broker_url="mqtts://balai.example"), folder) == ""
    assert trusted(Settings(data=folder.root), folder) == own.pem


def test_only_by_tls_and_only_by_the_fleets_ca_is_the_broker_to_be_had(broker: OwnBroker, tmp_path: Path, connect):
    port = broker.settings.broker_tls_port
    assert trusts(Authority(broker.folder).pem, port)
    other = Folder(tmp_path / "other")
    other.make()
    assert not trusts(Authority(other).pem, port), "a CA that is not the fleet's"
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(b"\x10\x10\0\4MQTT\4\2\0\0\0\4abcd")
        answer = b""
        with suppress(ConnectionResetError):
            while data := plain.recv(100):
                answer += data
    assert not answer.startswith(b"\x20"), "no CONNACK"


def test_a_running_broker_takes_the_new_certificate_and_nobodys_session_ends(broker: OwnBroker, connect):
    authority, port = Authority(broker.folder), broker.settings.broker_tls_port
    first = authority.pem
    device = connect(KIOSK, tls=True)
    authority.renew()
    assert not broker.mosquitto.certify()
    authority.finish()
    assert broker.mosquitto.certify()
    assert broker.process is not None
    broker.process.send_signal(signal.SIGHUP)
    second = authority.pem.removesuffix(first)
    assert second != authority.pem
    while not trusts(second, port):
        pass
    assert not trusts(first, port)
    assert trusts(first + second, port), "a device that knows both"
    assert device.publish(topics.up(KIOSK.device, "event")) == "", "its session stands"
    assert connect(KIOSK, password="a-wrong-secret").refused, "and nobody is let in by that"
    assert connect(KIOSK).subscribe("#") != ""


def _written(path: Path, pem: str) -> Path:
    path.write_text(pem)
    return path
