"""Messages as mail: one for all who are to know, Indonesian first. By the standard library's SMTP client."""

import smtplib
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from controller.incidents.notices.message import Message
from controller.incidents.notices.way import TIMEOUT_S, Refused, Undelivered
from controller.notification import Notification
from controller.web.i18n import LANGUAGES

RULE = "\n\n-- \n\n"


class Mail:
    """Sends mail as the settings say. `timeout`: seconds for which the server may keep silent."""

    name = "mail"

    def __init__(self, settings: Notification, timeout: float = TIMEOUT_S) -> None:
        self._settings, self._timeout = settings, timeout
        self._tls = ssl.create_default_context()

    def send(self, message: Message) -> None:
        """Send a message. One that some receivers do not take has gone out: the others have it.

        Raises Undelivered; Refused where the server takes this very mail, or mail for any of these receivers, never
        (RFC 5321, section 4.2.1: 5yz). A wrong name, password or sender is no such case: somebody will put it right.
        """
        mail = letter(message, self._settings.smtp_from, self._settings.smtp_to)
        try:
            server = self._server()
            try:
                server.send_message(mail)
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()  # whatever it says now: it has taken the mail
            finally:
                server.close()
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise (Refused if all(code >= 500 for code in codes) else Undelivered)(f"SMTP {min(codes)}") from None
        except smtplib.SMTPDataError as error:
            raise (Refused if error.smtp_code >= 500 else Undelivered)(f"SMTP {error.smtp_code}") from None
        except smtplib.SMTPResponseException as error:
            raise Undelivered(f"SMTP {error.smtp_code}") from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise Undelivered(type(error).__name__) from None

    def _server(self) -> smtplib.SMTP:
        settings = self._settings
        if settings.smtp_tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.smtp_host, settings.smtp_port, timeout=self._timeout, context=self._tls
            )
        else:
            server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=self._timeout)
        try:
            if settings.smtp_tls == "starttls":
                server.starttls(context=self._tls)
            if settings.smtp_username and settings.smtp_password:
                server.login(settings.smtp_username, settings.smtp_password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server


def letter(message: Message, sender: str, receivers: tuple[str, ...]) -> EmailMessage:
    """Return a message as mail. A closing is an answer to its opening, so that both stand together."""
    host = sender.rpartition("@")[2]
    mail = EmailMessage()
    mail["From"] = f"Balai <{sender}>"
    mail["To"] = ", ".join(receivers)
    mail["Subject"] = message.title(LANGUAGES[0])
    at = (message.until if message.what == "closed" else message.since) / 1000
    mail["Date"] = format_datetime(datetime.fromtimestamp(at, UTC))
    mail["Message-ID"] = f"<balai-{message.incident}-{message.what}-{message.since}@{host}>"
    if message.what == "closed":
        opening = f"<balai-{message.incident}-opened-{message.since}@{host}>"
        mail["In-Reply-To"] = opening
        mail["References"] = opening
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note answers it
    if message.urgent and message.what == "opened":
        mail["Importance"] = "high"
    mail.set_content(RULE.join(message.body(lang) for lang in LANGUAGES) + "\n", cte="quoted-printable")
    return mail
