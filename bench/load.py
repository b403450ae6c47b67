"""Devices by the hundred in one process: raw sockets that publish what kiosks' journals hold.

Reads one JSON line on stdin: {"port", "devices", "messages", "batch", "window", "seed"} and, where the broker asks for
them, "accounts": {device: [username, password]}. Prints "ready" when every device is connected and every packet is
encoded, waits for a line, then sends as fast as the broker's PUBACKs let each device (`window` unacknowledged at most).
Prints {"seconds", "cpu"} when all is acknowledged, and ends when stdin does.
"""

import json
import selectors
import socket
import sys
import time
from itertools import islice

from bench.hall import events
from protocol.canonical import encode

KEEPALIVE_S = 60  # brokers of ours insist on one; these devices are done before they would have to ping


def device_name(number: int) -> str:
    """Return the id of the device with this number: a MAC of Espressif's."""
    return f"24dcc3{number:06x}"


def site_of(number: int) -> str:
    """Return the site where the device with this number stands."""
    return f"desa-{number:03d}"


def packets(number: int, messages: int, batch: int, seed: int) -> list[bytes]:
    """Return the PUBLISH packets of one device: `messages` batches of `batch` events each (MQTT 3.1.1, QoS 1)."""
    topic = f"balai/1/{device_name(number)}/up/event".encode()
    journal = events(site_of(number), number)
    made = []
    for index in range(messages):
        first = index * batch + 1
        rows = [
            [first + step, t, 3, 60_000 + 20 * (first + step), kind, data]
            for step, (t, kind, data) in enumerate(islice(journal, batch))
        ]
        body = encode({"v": 1, "log": f"{seed:08x}{number:08x}", "boot": 1, "lo": first, "e": rows})
        made.append(publish(topic, index % 65_000 + 1, body))
    return made


def publish(topic: bytes, mid: int, body: bytes) -> bytes:
    """Return a PUBLISH packet, QoS 1."""
    rest = len(topic).to_bytes(2, "big") + topic + mid.to_bytes(2, "big") + body
    size = len(rest)
    length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
    return b"\x32" + length + rest


def connect(port: int, name: str, username: str = "", password: str = "") -> socket.socket:
    """Return a socket with an MQTT 3.1.1 session on it, clean, subscribed to the device's acks."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    who = [one.encode() for one in ((name, username, password) if username else (name,))]
    flags = b"\xc2" if username else b"\x02"
    head = (
        b"\x00\x04MQTT\x04"
        + flags
        + KEEPALIVE_S.to_bytes(2, "big")
        + b"".join(len(one).to_bytes(2, "big") + one for one in who)
    )
    sock.sendall(b"\x10" + bytes([len(head)]) + head)
    topic = f"balai/1/{name}/down/ack".encode()
    rest = b"\x00\x01" + len(topic).to_bytes(2, "big") + topic + b"\x01"
    sock.sendall(b"\x82" + bytes([len(rest)]) + rest)
    answer = b""
    while len(answer) < 9:  # CONNACK and SUBACK
        more = sock.recv(9 - len(answer))
        if not more:
            raise ConnectionError(f"the broker refuses {name}: {answer.hex(' ') or 'nothing said'}")
        answer += more
    if answer[3] != 0:
        raise ConnectionError(f"the broker refuses {name}: {answer[3]}")
    if username:
        be_born(sock, name, int(username.rpartition(".")[2]))
    sock.setblocking(False)
    return sock


def be_born(sock: socket.socket, name: str, generation: int) -> None:
    """Say a device's state, and wait until the controller has answered: from then on it takes its events."""
    texts = dict.fromkeys(("config", "rejected", "code", "conn", "bad_conn"), "")
    numbers = dict.fromkeys(("uptime", "heap", "rssi", "clock", "backlog"), 0)
    state = {"sid": "0123456789abcdef", "online": 1, "role": "kiosk", "fw": "0.1.0", "reset": "power", "boots": 1}
    sock.sendall(
        publish(f"balai/1/{name}/up/state".encode(), 1, encode({**state, **texts, **numbers, "gen": generation}))
    )
    heard = b""
    while b"/down/ack" not in heard or not heard.endswith(b"}"):
        heard += sock.recv(4096)
    at = heard.index(b"/down/ack") + len(b"/down/ack")
    sock.sendall(b"\x40\x02" + heard[at : at + 2])


class Device:
    """One device that sends its packets in order."""

    def __init__(self, sock: socket.socket, made: list[bytes], window: int) -> None:
        self.sock, self.window = sock, window
        self.unacked = len(made)
        self._made, self._next, self._flying = made, 0, 0
        self._in = b""
        self._out = b""

    def send(self) -> None:
        """Send what the window allows."""
        room = min(self.window - self._flying, len(self._made) - self._next)
        if room > 0:
            self._out += b"".join(self._made[self._next : self._next + room])
            self._next += room
            self._flying += room
        if self._out:
            try:
                sent = self.sock.send(self._out)
            except BlockingIOError:
                return
            self._out = self._out[sent:]

    def read(self) -> None:
        """Take in the broker's PUBACKs, and acknowledge what it publishes."""
        came = self.sock.recv(65536)
        if not came:
            raise ConnectionError("the broker has ended the session")
        data = self._in + came
        at, end, replies = 0, len(data), b""
        while at + 2 <= end:
            stop = at + 2 + data[at + 1]
            if data[at + 1] > 127:
                raise ConnectionError("a packet longer than an ack")
            if stop > end:
                break
            if data[at] == 0x40:
                self._flying -= 1
                self.unacked -= 1
            elif data[at] & 0xF0 == 0x30:
                topic_end = at + 4 + int.from_bytes(data[at + 2 : at + 4], "big")
                if data[at] & 0x06:
                    replies += b"\x40\x02" + data[topic_end : topic_end + 2]
            at = stop
        self._in = data[at:]
        self._out += replies


def main() -> None:
    """Do what the line on stdin asks for."""
    order = json.loads(sys.stdin.readline())
    selector = selectors.DefaultSelector()
    devices = []
    for number in range(order["devices"]):
        made = packets(number, order["messages"] // order["devices"], order["batch"], order["seed"])
        account = order.get("accounts", {}).get(device_name(number), ())
        device = Device(connect(order["port"], device_name(number), *account), made, order["window"])
        selector.register(device.sock, selectors.EVENT_READ, device)
        devices.append(device)
    print("ready", flush=True)
    sys.stdin.readline()
    began, cpu = time.perf_counter(), time.process_time()
    for device in devices:
        device.send()
    left = len(devices)
    selector.register(sys.stdin, selectors.EVENT_READ, None)
    while True:
        before = left
        for key, _ in selector.select():
            device = key.data
            if device is None:
                return
            busy = device.unacked > 0
            device.read()
            device.send()
            left -= busy and not device.unacked
        if before and not left:
            print(json.dumps({"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}), flush=True)


if __name__ == "__main__":
    main()
