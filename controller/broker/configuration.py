"""What a Mosquitto is told to be: the lines of its configuration, for our own and for an outside one.

Source of the options: mosquitto.conf(5) of 2.0.21.

Nobody is anonymous, what an account may do is the dynamic security plugin's, and every limit is named. How quickly
connections are accepted Mosquitto 2.0 cannot limit: docs/operations.md says what can.
"""

from dataclasses import dataclass
from pathlib import Path

# What waits for one slow client. Above it Mosquitto drops silently; devices keep what is not acknowledged and send it
# again.
QUEUED = 50_000
QUEUED_BYTES = 128 << 20
LARGEST = 65_536  # bytes of a message to our own broker; those over 4 KB are refused by ingest, where they are counted
LARGEST_PACKET = (
    32_768  # bytes of a packet to an outside one: a device's are below 5 KB, changes of accounts below this
)
INFLIGHT = 4_096  # messages to one client that it has not acknowledged; the controller asks for 4,000
CONNECTIONS = 8_000  # a device that comes back may be counted twice for a while
KEEPALIVE_S = 300  # the longest; devices say 30 s
SAVE_S = 60


@dataclass(frozen=True)
class Listener:
    """Where a broker listens; with `certificate` and `key` by TLS alone. `most`: connections at a time, 0 for any."""

    host: str  # "" for every address
    port: int
    certificate: Path | None = None
    key: Path | None = None
    most: int = 0

    def lines(self) -> list[str]:
        """Return its lines."""
        lines = [f"listener {self.port} {self.host}".rstrip()]
        if self.most:
            lines.append(f"max_connections {self.most}")
        if self.certificate and self.key:
            lines += [f"certfile {self.certificate}", f"keyfile {self.key}", "tls_version tlsv1.2"]
        return lines


def secured(user: str, plugin: Path, accounts: Path) -> list[str]:
    """Return the lines by which only known accounts come in. `user`: the account of the machine it runs as."""
    return [
        f"user {user}",
        "per_listener_settings false",
        "allow_anonymous false",
        f"plugin {plugin}",
        f"plugin_opt_config_file {accounts}",
    ]


def limits() -> list[str]:
    """Return the lines that both kinds of broker have."""
    return [
        "sys_interval 0",
        "set_tcp_nodelay true",
        f"max_queued_messages {QUEUED}",
        f"max_queued_bytes {QUEUED_BYTES}",
        f"max_keepalive {KEEPALIVE_S}",
        "connection_messages true",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
    ]


def own(user: str, plugin: Path, accounts: Path, listeners: list[Listener]) -> str:
    """Return the configuration of our own broker.

    Nothing is kept on disk: retained messages are published again by those who own them, and what devices have not
    heard to be committed they send again.
    """
    lines = [
        *secured(user, plugin, accounts),
        "persistence false",
        f"message_size_limit {LARGEST}",
        "max_inflight_messages 0",
        "log_timestamp false",
        *limits(),
        *(line for listener in listeners for line in listener.lines()),
    ]
    return "\n".join(lines) + "\n"


def outside(user: str, plugin: Path, folder: Path, listener: Listener) -> str:
    """Return the configuration of an outside broker whose files lie in `folder`: TLS alone, every limit set."""
    lines = [
        "# Written by `balai broker config`. One listener, by TLS alone; accounts are the controller's to keep.",
        *secured(user, plugin, folder / "dynamic-security.json"),
        "persistence true",
        f"persistence_location {folder / 'data'}/",
        f"autosave_interval {SAVE_S}",
        "autosave_on_changes false",
        "persistent_client_expiration 1d",
        f"max_packet_size {LARGEST_PACKET}",
        f"max_inflight_messages {INFLIGHT}",
        "max_topic_alias 0",
        "log_timestamp_format %Y-%m-%dT%H:%M:%S",
        *limits(),
        *listener.lines(),
    ]
    return "\n".join(lines) + "\n"
