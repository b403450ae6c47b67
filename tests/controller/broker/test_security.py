"""Who may do what, asked of the real broker."""

import pytest

from controller.broker.mosquitto import Credentials
from controller.broker.security import CONTROL, CONTROLLER, KEEPER, Account, Program, document, hashed
from protocol import topics

KIOSK = Account("02ba1a100001", 2, "genteng", "a-secret-of-the-kiosk")
DISPLAY = Account("02ba1a100002", 1, "genteng", "a-secret-of-the-display")
REFUSED = "Not authorized"


@pytest.mark.parametrize(
    ("username", "password", "client_id"),
    [
        (None, None, "02ba1a100001"),
        ("02ba1a100001.2", None, "02ba1a100001"),
        ("02ba1a100001.2", "a-secret-of-the-display", "02ba1a100001"),
        ("02ba1a100001.2", "", "02ba1a100001"),
        ("02ba1a100001.1", "a-secret-of-the-kiosk", "02ba1a100001"),
        ("02ba1a100001", "a-secret-of-the-kiosk", "02ba1a100001"),
        ("02ba1a100001.2", "a-secret-of-the-kiosk", "02ba1a100002"),
        ("02ba1a100001.2", "a-secret-of-the-kiosk", ""),
        (CONTROLLER, "balai", "balai"),
        (KEEPER, "balai", "balai"),
        ("admin", "admin", "admin"),
    ],
)
def test_nobody_comes_in_without_the_right_secret_under_the_right_name(connect, username, password, client_id):
    assert connect(username=username, password=password, client_id=client_id).refused == REFUSED


@pytest.mark.parametrize("account", [KIOSK, DISPLAY])
@pytest.mark.parametrize("tls", [False, True])
def test_a_device_says_and_hears_what_is_its_own(connect, account, tls):
    device = connect(account, tls=tls)
    assert device.refused == ""
    for what in topics.UP:
        assert device.publish(topics.up(account.device, what)) == ""
    own = [topics.down(account.device, what) for what in topics.DOWN]
    for topic in (*own, topics.down(account.device, "+"), topics.board("genteng"), topics.CONTROLLER_STATE):
        assert device.subscribe(topic) == ""


@pytest.mark.parametrize(
    "topic",
    [
        "#",
        "+/#",
        "balai/#",
        "balai/1/#",
        "balai/1/+/down/#",
        "balai/1/+/up/event",
        topics.up(KIOSK.device, "state"),
        topics.down(DISPLAY.device, "command"),
        topics.up(DISPLAY.device, "event"),
        topics.board("other"),
        topics.board("+"),
        "$SYS/#",
        "$SYS/broker/version",
        "$CONTROL/#",
        f"{CONTROL}/response",
        "$share/group/#",
        f"$share/group/{topics.up(DISPLAY.device, 'event')}",
    ],
)
def test_a_device_hears_nothing_else(connect, topic):
    assert connect(KIOSK).subscribe(topic) == REFUSED


@pytest.mark.parametrize(
    "topic",
    [
        topics.up(DISPLAY.device, "event"),
        topics.up(DISPLAY.device, "state"),
        topics.down(KIOSK.device, "command"),
        topics.down(DISPLAY.device, "command"),
        topics.up(KIOSK.device, "other"),
        topics.up(KIOSK.device, "event/more"),
        topics.board("genteng"),
        topics.CONTROLLER_STATE,
        "$SYS/broker/version",
        "$CONTROL/dynamic-security/v1",
        "elsewhere",
    ],
)
def test_a_device_says_nothing_else(connect, topic):
    assert connect(KIOSK).publish(topic) == REFUSED


def test_the_controller_reaches_devices_and_boards_but_not_the_accounts(broker, connect):
    own = Credentials.of(broker.folder)
    controller = connect(username=CONTROLLER, password=own.controller, client_id="balai-1")
    assert controller.refused == ""
    device = connect(KIOSK)
    assert device.subscribe(topics.down(KIOSK.device, "+")) == ""
    for what in topics.UP:
        assert controller.subscribe(topics.up("+", what)) == ""
    assert controller.publish(topics.down(KIOSK.device, "ack"), b"{1}") == ""
    assert device.received(topics.down(KIOSK.device, "ack")) == b"{1}"
    device.publish(topics.up(KIOSK.device, "event"), b"{2}")
    assert controller.received(topics.up(KIOSK.device, "event")) == b"{2}"
    assert controller.publish(topics.board("genteng"), retain=True) == ""
    assert controller.publish(topics.CONTROLLER_STATE, retain=True) == ""
    for topic in (CONTROL, "elsewhere", "$SYS/x"):
        assert controller.publish(topic) == REFUSED
    for topic in ("#", "$SYS/#", f"{CONTROL}/response"):
        assert controller.subscribe(topic) == REFUSED


def test_the_keeper_keeps_accounts_and_nothing_else(broker, connect):
    keeper = connect(username=KEEPER, password=Credentials.of(broker.folder).keeper, client_id="keeper")
    assert keeper.refused == ""
    assert keeper.subscribe(f"{CONTROL}/response") == ""
    for topic in ("#", topics.up("+", "event"), "$SYS/#"):
        assert keeper.subscribe(topic) == REFUSED
    assert keeper.publish(topics.down(KIOSK.device, "command")) == REFUSED


def test_passwords_are_hashed_with_a_salt_of_their_own():
    programs = [Program("one", "controller-password", (CONTROLLER,)), Program("two", "keeper-password", (KEEPER,))]
    made = document([KIOSK, DISPLAY], programs)
    clients = made["clients"]
    assert isinstance(clients, list)
    assert len({client["salt"] for client in clients}) == 4
    text = str(made)
    for secret in (KIOSK.secret, DISPLAY.secret, "controller-password", "keeper-password"):
        assert secret not in text
    assert hashed("x") != hashed("x")


def test_an_account_does_not_show_its_secret():
    assert KIOSK.secret not in repr(KIOSK)
