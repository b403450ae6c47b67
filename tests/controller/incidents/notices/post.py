"""A mail server and a receiver of webhooks of the tests' own: real sockets, and as unkind as a test wants them."""

import base64
import email
import email.policy
import socketserver
import ssl
import threading
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    post: "Post"


class Post:
    """An SMTP server (RFC 5321, with STARTTLS and AUTH PLAIN where it is given what that takes).

    Attributes:
        mails: what it has taken.
        envelopes: (sender, receivers) of each.
        refusals: verb -> answers to be given first, one after the other; "" breaks the connection.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, user: str = "", password: str = "", port: int = 0) -> None:
        self.tls, self.login = tls, (user, password)
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.refusals: dict[str, list[str]] = {}
        self.said: list[str] = []
        self._server = _Server(("127.0.0.1", port), _Talk)
        self._server.post = self
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Talk(socketserver.BaseRequestHandler):
    server: _Server

    def setup(self) -> None:
        self.file = self.request.makefile("rb")
        self.sender, self.receivers = "", []
        self.secure = self.known = False

    def finish(self) -> None:
        self.file.close()
        self.request.close()

    def say(self, text: str) -> None:
        self.request.sendall(text.replace("\n", "\r\n").encode() + b"\r\n")

    def handle(self) -> None:
        post = self.server.post
        self.say("220 post.test ESMTP")
        while line := self.file.readline():
            assert line.endswith(b"\r\n"), "each line ends as RFC 5321 has it"
            text = line[:-2].decode()
            verb = text.partition(" ")[0].upper()
            post.said.append("AUTH" if verb == "AUTH" else text)
            if post.refusals.get(verb):
                answer = post.refusals[verb].pop(0)
                if not answer:
                    return
                self.say(answer)
                continue
            if verb == "QUIT":
                self.say("221 bye")
                return
            getattr(self, verb.lower(), self.unknown)(text)

    def unknown(self, _text: str) -> None:
        self.say("500 what?")

    def ehlo(self, _text: str) -> None:
        post = self.server.post
        more = ["STARTTLS"] if post.tls and not self.secure else []
        more += ["AUTH PLAIN"] if post.login[0] and (self.secure or not post.tls) else []
        self.say("\n".join([f"250-{one}" for one in ("post.test", *more)] + ["250 SIZE 100000"]))

    def starttls(self, _text: str) -> None:
        self.say("220 go on")
        self.file.close()
        assert self.server.post.tls
        self.request = self.server.post.tls.wrap_socket(self.request, server_side=True)
        self.file, self.secure = self.request.makefile("rb"), True

    def auth(self, text: str) -> None:
        _, user, password = base64.b64decode(text.split()[2]).decode().split("\0")
        self.known = (user, password) == self.server.post.login
        self.say("235 welcome" if self.known else "535 wrong")

    def mail(self, text: str) -> None:
        if self.server.post.login[0] and not self.known:
            self.say("530 who are you?")
            return
        self.sender, self.receivers = text.partition("<")[2].partition(">")[0], []
        self.say("250 ok")

    def rcpt(self, text: str) -> None:
        self.receivers.append(text.partition("<")[2].partition(">")[0])
        self.say("250 ok")

    def rset(self, _text: str) -> None:
        self.say("250 ok")

    def data(self, _text: str) -> None:
        self.say("354 go on")
        lines = []
        while (line := self.file.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        post = self.server.post
        mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        post.mails.append(mail)
        post.envelopes.append((self.sender, self.receivers))
        self.say("250 taken")


class Receiver:
    """Takes what is posted.

    Attributes:
        taken: (headers, body) of each request.
        answers: statuses to be answered first, one after the other; then 204.
        let: while it is not set, a request gets no answer.
    """

    def __init__(self, port: int = 0) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.let = threading.Event()
        self.let.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.taken.append((dict(self.headers), body))
                receiver.let.wait()
                self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_arguments: object) -> None:
                pass  # a sender that does not wait any longer

        self._server = Server(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self.let.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
