"""Accounts at a running broker: given, taken away, made right again."""

import threading

import pytest

from controller.broker.access import Access, AccessError
from controller.broker.security import Account
from controller.ingest import Broker
from protocol import topics

NEW = Account("02ba1a1000aa", 1, "genteng", "a-secret-of-the-new-one")
HANGS = 30


class Keeping:
    """An Access whose list of accounts the test decides."""

    def __init__(self, broker: Broker, *accounts: Account) -> None:
        self.accounts = list(accounts)
        self.looked = threading.Event()
        self.access = Access(broker, self.listed)
        self.access.start()
        assert self.looked.wait(HANGS)
        self.access.settle()  # after the first look through, which comes with the session

    def listed(self) -> list[Account]:
        """What should be there."""
        self.looked.set()
        return self.accounts


@pytest.fixture
def keeping(broker):
    from_file = [Account("02ba1a100001", 2, "genteng", "a-secret-of-the-kiosk")]
    from_file.append(Account("02ba1a100002", 1, "genteng", "a-secret-of-the-display"))
    one = Keeping(broker.keeper(), *from_file)
    yield one
    assert one.access.connected.wait(HANGS)
    for username in (NEW.username, "02ba1a1000aa.2"):
        one.access.remove(username)
    one.access.stop()


def test_a_new_device_comes_in_at_once(keeping, connect):
    assert connect(NEW).refused
    keeping.access.put(NEW)
    device = connect(NEW)
    assert device.refused == ""
    assert device.publish(topics.up(NEW.device, "event")) == ""
    assert device.subscribe(topics.board("genteng")) == ""
    assert device.subscribe(topics.board("other")) != ""


def test_a_removed_account_is_thrown_out(keeping, connect):
    keeping.access.put(NEW)
    device = connect(NEW)
    keeping.access.remove(NEW.username)
    assert device.ended()
    assert connect(NEW).refused


def test_two_generations_overlap(keeping, connect):
    second = Account(NEW.device, 2, "genteng", "another-secret-of-it")
    keeping.access.put(NEW)
    keeping.access.put(second)
    assert connect(NEW).refused == ""
    assert connect(second).refused == ""
    keeping.access.remove(NEW.username)
    assert connect(NEW).refused
    assert connect(second).publish(topics.up(NEW.device, "event")) == ""


def test_a_secret_given_anew_ends_the_old_one(keeping, connect):
    keeping.access.put(NEW)
    keeping.access.put(Account(NEW.device, 1, "genteng", "a-fresh-secret"))
    assert connect(NEW).refused
    assert connect(NEW, password="a-fresh-secret").refused == ""


def test_a_device_that_moves_reads_its_new_hall_only(keeping, connect):
    keeping.access.put(NEW)
    keeping.access.move(NEW.device, "other")
    device = connect(NEW)
    assert device.subscribe(topics.board("other")) == ""
    assert device.subscribe(topics.board("genteng")) != ""


def test_changes_may_be_repeated(keeping, connect):
    keeping.access.put(NEW)
    keeping.access.put(NEW)
    keeping.access.remove(NEW.username)
    keeping.access.remove(NEW.username)
    assert connect(NEW).refused


def test_what_the_broker_does_not_know_is_made_right(keeping, connect):
    stray = Account("02ba1a1000bb", 1, "genteng", "a-secret-of-nobody")
    keeping.access.put(stray)
    keeping.accounts.append(NEW)
    kiosk = keeping.accounts[0]
    keeping.accounts[0] = Account(kiosk.device, kiosk.generation, "other", kiosk.secret)
    keeping.access.settle()
    assert connect(NEW).refused == ""
    assert connect(stray).refused
    assert connect(kiosk).subscribe(topics.board("other")) == ""
    keeping.accounts[0] = kiosk
    keeping.access.settle()
    assert connect(kiosk).subscribe(topics.board("genteng")) == ""


def test_a_device_claimed_while_the_accounts_are_looked_through_keeps_its_account(keeping, connect):
    looked, go = threading.Event(), threading.Event()

    def listed() -> list[Account]:
        found = list(keeping.accounts)
        looked.set()
        assert go.wait(HANGS)
        return found

    keeping.access._accounts = listed
    looking = threading.Thread(target=keeping.access.settle)
    looking.start()
    assert looked.wait(HANGS)
    keeping.accounts.append(NEW)
    claiming = threading.Thread(target=keeping.access.put, args=(NEW,))
    claiming.start()
    go.set()
    looking.join()
    claiming.join()
    assert connect(NEW).refused == ""


def test_a_thousand_accounts_are_looked_through(broker, connect, tmp_path):
    """More than one page of the broker's lists."""
    accounts = [Account(f"02ba1a2{number:05d}", 1, "genteng", f"secret-{number}") for number in range(450)]
    other = type(broker)(tmp_path)
    other.start(*accounts)
    try:
        one = Keeping(other.keeper(), *accounts[:-1])
        one.access.settle()
        listed = one.access.usernames()
        assert listed == {account.username for account in accounts[:-1]}
        one.access.stop()
    finally:
        other.stop()


def test_a_broker_that_is_away_is_told_of(broker):
    access = Access(Broker("127.0.0.1", 1), list)
    access.start()
    with pytest.raises(AccessError, match="cannot be reached"):
        access.put(NEW)
    access.stop()


def test_what_was_changed_outlives_the_broker(broker, keeping, connect):
    keeping.access.put(NEW)
    keeping.accounts.append(NEW)
    broker.stop()
    broker.start()
    assert connect(NEW).refused == ""
