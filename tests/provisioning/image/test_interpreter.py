"""MicroPython's image is taken only where it is the right one, whole, and for this chip."""

import hashlib
import http.server
import threading

import pytest

from provisioning.boards import BOARDS, VERSION, Board
from provisioning.errors import ImageError
from provisioning.image.interpreter import load, split

ESP32 = BOARDS["esp32"]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Served(Board):
    """A board whose image is served by a test."""

    address = ""

    @property
    def url(self):
        return f"{self.address}/{self.file}"


@pytest.fixture
def serve():
    """An HTTP server: `serve(data)` gives a board; None: it knows no such file. `serve.asked` counts."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked += 1
            self.send_response(200 if server.data is not None else 404)
            self.send_header("Content-Length", str(len(server.data or b"")))
            self.end_headers()
            self.wfile.write(server.data or b"")

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.data = 0, None
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def one(data):
        server.data = data
        board = Served(ESP32.name, ESP32.chip, ESP32.build, ESP32.sha256)
        object.__setattr__(board, "address", f"http://127.0.0.1:{server.server_port}")
        return board

    one.server = server
    yield one
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_stock_image_has_its_figure_and_is_taken_apart(stock, esp32):
    assert sha256(stock.read_bytes()) == ESP32.sha256
    assert (esp32.version, esp32.flash, esp32.start) == (VERSION, 4 << 20, 0x1000)
    assert len(esp32.application) == 1_640_800
    assert stock.read_bytes().startswith(esp32.bootloader)
    assert stock.read_bytes().endswith(esp32.application)


def test_it_is_fetched_once(stock, serve, tmp_path):
    board = serve(stock.read_bytes())
    told = []
    first = load(board, tmp_path, advance=lambda come, of: told.append((come, of)))
    assert load(board, tmp_path) == first
    assert serve.server.asked == 1
    assert told[-1] == (len(stock.read_bytes()),) * 2


def test_a_kept_image_that_was_damaged_is_fetched_again(stock, serve, tmp_path):
    board = serve(stock.read_bytes())
    load(board, tmp_path)
    kept = tmp_path / "micropython" / board.file
    kept.write_bytes(kept.read_bytes()[:-1])
    load(board, tmp_path)
    assert serve.server.asked == 2


def test_another_file_than_the_pinned_one_is_not_kept(stock, serve, tmp_path):
    with pytest.raises(ImageError, match="another SHA-256"):
        load(serve(stock.read_bytes() + b"!"), tmp_path)
    assert not list(tmp_path.rglob("*.bin"))


def test_without_a_network_it_says_to_name_a_file(serve, tmp_path):
    with pytest.raises(ImageError, match=r"404.*--image"):
        load(serve(None), tmp_path)
    board = serve(b"")
    serve.server.shutdown()
    serve.server.server_close()
    with pytest.raises(ImageError, match=r"no network.*--image"):
        load(board, tmp_path)


def test_a_file_that_nobody_knows_needs_a_word_for_it(stock, tmp_path):
    other = tmp_path / "other.bin"
    other.write_bytes(stock.read_bytes() + b"\xff")
    with pytest.raises(ImageError, match="--sha256"):
        load(ESP32, tmp_path, other)
    assert load(ESP32, tmp_path, other, sha256(other.read_bytes()).upper()).version == VERSION


@pytest.mark.parametrize("name", ["esp32-s3", "esp32-c3"])
def test_a_board_without_a_figure_takes_no_image_on_trust(name, stock, tmp_path):
    with pytest.raises(ImageError, match=r"no SHA-256 is known.*--image"):
        load(BOARDS[name], tmp_path)
    with pytest.raises(ImageError, match=f"--sha256 {ESP32.sha256}"):
        load(BOARDS[name], tmp_path, stock)
    with pytest.raises(ImageError, match=r"ESP32-[SC]3"):
        load(BOARDS[name], tmp_path, stock, ESP32.sha256)


@pytest.mark.parametrize("at", [0x100, 0x5000, 0x7040, 0xF200, 0x100000])
def test_a_damaged_image_is_refused_wherever_the_damage_is(at, stock):
    data = bytearray(stock.read_bytes())
    data[at] ^= 0x04
    with pytest.raises(ImageError, match="fetch it again"):
        split(ESP32, bytes(data))


def test_damage_that_the_checksum_does_not_see_is_seen_by_the_digest(stock):
    data = bytearray(stock.read_bytes())
    data[0xF300] ^= 0x04
    data[0xF301] ^= 0x04
    with pytest.raises(ImageError, match="the application in the MicroPython image is damaged"):
        split(ESP32, bytes(data))


@pytest.mark.parametrize("cut", [0, 10, 0x3000, 0x7010, 0x9000, 0x100000])
def test_an_image_that_ends_too_early_is_refused(cut, stock):
    with pytest.raises(ImageError):
        split(ESP32, stock.read_bytes()[:cut])


def test_the_application_alone_is_no_image(esp32):
    with pytest.raises(ImageError, match=r"fetch it again|app-bin"):
        split(ESP32, esp32.application)


def test_another_version_is_refused(stock):
    """The version is where MicroPython keeps sys.version; the digest is that of the changed application."""
    data = stock.read_bytes().replace(b"MicroPython v1.25.0 on", b"MicroPython v1.24.9 on")
    app = bytearray(data[0xF000:])
    checksum = 0xEF
    at = 24
    for _ in range(app[1]):
        size = int.from_bytes(app[at + 4 : at + 8], "little")
        for one in app[at + 8 : at + 8 + size]:
            checksum ^= one
        at += 8 + size
    end = at + 16 - at % 16
    app[end - 1] = checksum
    app[end : end + 32] = hashlib.sha256(app[:end]).digest()
    with pytest.raises(ImageError, match=r"MicroPython 1\.24\.9.*1\.25\.0"):
        split(ESP32, data[:0xF000] + bytes(app))


def test_a_chip_of_another_kind_is_named(stock):
    with pytest.raises(ImageError, match="for ESP32, not for ESP32-S3"):
        split(BOARDS["esp32-s3"], stock.read_bytes())
