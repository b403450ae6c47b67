"""Mail, as a server of another's gets it."""

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from controller.incidents.notices.mail import Mail
from controller.incidents.notices.way import Refused, Undelivered
from controller.settings import Settings
from tests.controller.incidents.notices.conftest import SINCE, message


def mail(port: int, **more: object) -> Mail:
    """Return mail by a server on this machine."""
    given = {"smtp_tls": "none", "smtp_from": "balai@balai.example", "smtp_to": "kira@a.example,dewi@b.example"}
    return Mail(Settings(smtp_host="localhost", smtp_port=port, **{**given, **more}), timeout=5.0)  # type: ignore[arg-type]


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch) -> ssl.SSLContext:
    """A server's certificate that this process trusts, as it would a public one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "certificate.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = tmp_path / "key.pem"
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    return context


def test_one_mail_goes_to_all_in_both_languages_and_its_closing_answers_it(post):
    server = post()
    way = mail(server.port)
    way.send(message(kind="site_gone"))
    way.send(message(id=18, kind="site_gone", what="closed", until=SINCE + 60_000))
    opening, closing = server.mails
    assert server.envelopes[0] == ("balai@balai.example", ["kira@a.example", "dewi@b.example"])
    assert opening["Subject"] == "Desa Genteng Kulon: Seluruh balai tidak terjangkau"
    text = opening.get_content()
    assert 0 <= text.index("Seluruh balai") < text.index("The whole hall")
    assert (opening["Auto-Submitted"], opening["Importance"]) == ("auto-generated", "high")
    assert closing["In-Reply-To"] == opening["Message-ID"] != closing["Message-ID"]
    assert opening["Date"].datetime.timestamp() * 1000 == SINCE


def test_a_text_of_any_letters_and_a_line_of_one_dot_come_through(post):
    server = post()
    mail(server.port).send(message(name="Balai Ñ … 村", detail=".\n.."))
    assert "Balai Ñ … 村" in server.mails[0].get_content()
    assert server.mails[0]["Subject"].startswith("Balai Ñ … 村: ")


def test_the_password_is_said_over_tls_alone(post, certificate):
    server = post(tls=certificate, user="balai", password="rahasia-surat")
    login = {"smtp_tls": "starttls", "smtp_username": "balai", "smtp_password": "rahasia-surat"}
    mail(server.port, **login).send(message())
    assert len(server.mails) == 1
    assert server.said.index("STARTTLS") < server.said.index("AUTH")
    with pytest.raises(Undelivered, match=r"^SMTP 535$"):
        mail(server.port, **{**login, "smtp_password": "salah-sekali"}).send(message())


def test_a_server_that_nobody_vouches_for_gets_nothing(post, certificate, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    server = post(tls=certificate, user="balai", password="rahasia-surat")
    login = {"smtp_tls": "starttls", "smtp_username": "balai", "smtp_password": "rahasia-surat"}
    with pytest.raises(Undelivered, match="SSL"):
        mail(server.port, **login).send(message())
    assert "AUTH" not in server.said
    plain = post(user="balai", password="rahasia-surat")
    with pytest.raises(Undelivered):
        mail(plain.port, **login).send(message())
    assert "AUTH" not in plain.said


@pytest.mark.parametrize(
    ("verb", "answers", "error", "why"),
    [
        ("EHLO", [""], Undelivered, "Server"),
        ("MAIL", ["451 later"], Undelivered, "SMTP 451"),
        ("MAIL", ["550 never"], Undelivered, "SMTP 550"),
        ("RCPT", ["450 full", "550 nobody"], Undelivered, "SMTP 450"),
        ("RCPT", ["550 nobody", "550 nobody"], Refused, "SMTP 550"),
        ("DATA", ["421 bye"], Undelivered, "SMTP 421"),
        ("DATA", ["554 spam"], Refused, "SMTP 554"),
        ("DATA", [""], Undelivered, "Server"),
    ],
)
def test_whatever_a_server_says_is_one_of_two_errors_that_name_it(post, verb, answers, error, why):
    server = post()
    server.refusals[verb] = list(answers)
    with pytest.raises(error, match=why) as caught:
        mail(server.port).send(message())
    assert type(caught.value) is error
    assert server.mails == []
    mail(server.port).send(message())
    assert len(server.mails) == 1


def test_one_receiver_that_does_not_exist_takes_nothing_from_the_other(post):
    server = post()
    server.refusals["RCPT"] = ["550 nobody"]
    mail(server.port).send(message())
    assert server.envelopes == [("balai@balai.example", ["dewi@b.example"])]


def test_nobody_listens(post):
    server = post()
    server.stop()
    with pytest.raises(Undelivered, match="ConnectionRefusedError"):
        mail(server.port).send(message())


def test_what_a_server_says_after_it_has_taken_a_mail_does_not_have_it_sent_again(post):
    server = post()
    server.refusals["QUIT"] = ["500 what?", ""]
    mail(server.port).send(message())
    mail(server.port).send(message())
    assert len(server.mails) == 2
