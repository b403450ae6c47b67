"""Accounts at a running broker: given, taken away, made right again."""

import threading

import pytest

from controller.broker.access import Access, AccessError
from controller.broker.security import Account
from controller.ingest import Broker
from protocol import topics

NEW = Account("02ba1a1000aa", 1, "genteng", "a-secret-of-the-new-one")
HANGS = 30


class Ledger:
    """The accounts that should be there, which the test decides."""

    def __init__(self, *accounts: Account) -> None:
        self.listed = list(accounts)
        self.looked = threading.Event()

    def accounts(self, device: str = "") -> list[Account]:
        """Return them."""
        self.looked.set()
        return [account for account in self.listed if device in ("", account.device)]


class Keeping:
    """An Access with a ledger of its own."""

    def __init__(self, broker: Broker, *accounts: Account) -> None:
        self.ledger = Ledger(*accounts)
        self.access = Access(broker, self.ledger)
        self.access.start()
        assert self.ledger.looked.wait(HANGS)
        self.access.settle()  # after the first look through, which comes with the session

    def put(self, *accounts: Account) -> None:
        """Have accounts that should be there, and tell the broker."""
        names = {account.username for account in accounts}
        self.ledger.listed = [one for one in self.ledger.listed if one.username not in names] + list(accounts)
        for account in accounts:
            self.access.tell(account.device, [account.username])

    def remove(self, account: Account) -> None:
        """Have an account no more, and tell the broker."""
        self.ledger.listed = [one for one in self.ledger.listed if one.username != account.username]
        self.access.tell(account.device, [account.username])


@pytest.fixture
def keeping(broker):
    from_file = [Account("02ba1a100001", 2, "genteng", "a-secret-of-the-kiosk")]
    from_file.append(Account("02ba1a100002", 1, "genteng", "a-secret-of-the-display"))
    one = Keeping(broker.keeper(), *from_file)
    yield one
    assert one.access.connected.wait(HANGS)
    one.ledger.listed = from_file
    one.access.settle()
    one.access.stop()


def test_a_new_device_comes_in_at_once(keeping, connect):
    assert connect(NEW).refused
    keeping.put(NEW)
    device = connect(NEW)
    assert device.refused == ""
    assert device.publish(topics.up(NEW.device, "event")) == ""
    assert device.subscribe(topics.board("genteng")) == ""
    assert device.subscribe(topics.board("other")) != ""


def test_a_removed_account_is_thrown_out_and_leaves_nothing(keeping, connect):
    keeping.put(NEW)
    device = connect(NEW)
    keeping.remove(NEW)
    assert device.ended()
    assert connect(NEW).refused
    assert NEW.username not in keeping.access._roles()


def test_two_generations_overlap_each_at_its_own_site(keeping, connect):
    second = Account(NEW.device, 2, "other", "another-secret-of-it")
    keeping.put(NEW)
    first = connect(NEW)
    assert first.subscribe(topics.board("genteng")) == ""
    keeping.put(second)
    assert first.publish(topics.up(NEW.device, "event")) == "", "the one in use has not felt it"
    assert first.subscribe(topics.board("other")) != ""
    device = connect(second)
    assert device.refused == ""
    assert device.subscribe(topics.board("other")) == ""
    keeping.remove(NEW)
    assert connect(NEW).refused
    assert connect(second).publish(topics.up(NEW.device, "event")) == ""


def test_a_secret_given_anew_ends_the_old_one(keeping, connect):
    keeping.put(NEW)
    keeping.put(Account(NEW.device, 1, "genteng", "a-fresh-secret"))
    assert connect(NEW).refused
    assert connect(NEW, password="a-fresh-secret").refused == ""


def test_a_device_that_moves_reads_its_new_hall_only(keeping, connect):
    keeping.put(NEW)
    keeping.put(Account(NEW.device, 1, "other", NEW.secret))
    device = connect(NEW)
    assert device.subscribe(topics.board("other")) == ""
    assert device.subscribe(topics.board("genteng")) != ""


def test_changes_may_be_repeated(keeping, connect):
    keeping.put(NEW)
    keeping.put(NEW)
    keeping.remove(NEW)
    keeping.remove(NEW)
    assert connect(NEW).refused


def test_what_the_broker_does_not_know_is_made_right(keeping, connect):
    stray = Account("02ba1a1000bb", 1, "genteng", "a-secret-of-nobody")
    keeping.put(stray)
    keeping.ledger.listed.remove(stray)
    keeping.ledger.listed.append(NEW)
    kiosk = keeping.ledger.listed[0]
    keeping.ledger.listed[0] = Account(kiosk.device, kiosk.generation, "other", kiosk.secret)
    assert keeping.access.settle() == ([NEW.username], [stray.username], [kiosk.username])
    assert connect(NEW).refused == ""
    assert connect(stray).refused
    assert connect(kiosk).subscribe(topics.board("other")) == ""
    assert keeping.access.settle() == ([], [], []), "nothing is left to do"


def test_a_secret_that_the_broker_has_wrong_is_set_anew_where_that_is_asked_for(keeping, connect):
    keeping.put(Account(NEW.device, 1, "genteng", "what-a-backup-has-forgotten"))
    keeping.ledger.listed[-1] = NEW
    assert keeping.access.settle() == ([], [], [])
    assert connect(NEW).refused
    assert NEW.username in keeping.access.settle(anew=True).mended
    assert connect(NEW).refused == ""


def test_a_device_claimed_while_the_accounts_are_looked_through_keeps_its_account(keeping, connect):
    looked, go = threading.Event(), threading.Event()
    listed = keeping.ledger.accounts

    def slowly(device: str = "") -> list[Account]:
        found = listed(device)
        looked.set()
        assert go.wait(HANGS)
        return found

    keeping.ledger.accounts = slowly
    looking = threading.Thread(target=keeping.access.settle)
    looking.start()
    assert looked.wait(HANGS)
    claiming = threading.Thread(target=keeping.put, args=(NEW,))
    claiming.start()
    go.set()
    looking.join()
    claiming.join()
    assert connect(NEW).refused == ""


def test_of_changes_told_at_once_the_last_one_holds_whatever_their_order(keeping, connect):
    accounts = [Account(NEW.device, number, "genteng", f"secret-{number}") for number in range(1, 17)]
    started = threading.Barrier(len(accounts))

    def replace(account: Account) -> None:
        before, keeping.ledger.listed[-1] = keeping.ledger.listed[-1], account  # one after the other, as a writer does
        started.wait()
        keeping.access.tell(account.device, [account.username, before.username])

    keeping.put(NEW)
    threads = [threading.Thread(target=replace, args=(account,)) for account in accounts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (last,) = (one for one in keeping.ledger.listed if one.device == NEW.device)
    assert {name for name in keeping.access.usernames() if name.startswith(NEW.device)} == {last.username}
    assert connect(last).refused == ""


def test_a_thousand_accounts_are_looked_through(broker, tmp_path):
    """More than one page of the broker's lists, and more than one message of changes."""
    accounts = [Account(f"02ba1a2{number:05d}", 1, "genteng", f"secret-{number}") for number in range(450)]
    other = type(broker)(tmp_path)
    other.start(*accounts[30:])
    try:
        one = Keeping(other.keeper(), *accounts[:-1])
        one.access.settle()
        assert one.access.usernames() == {account.username for account in accounts[:-1]}
        one.access.stop()
    finally:
        other.stop()


def test_a_broker_that_is_away_is_told_of():
    access = Access(Broker("127.0.0.1", 1), Ledger(NEW))
    access.start()
    with pytest.raises(AccessError, match="cannot be reached"):
        access.tell(NEW.device, [NEW.username])
    access.stop()


def test_what_was_changed_outlives_the_broker(broker, keeping, connect):
    keeping.put(NEW)
    broker.stop()
    broker.start()
    assert connect(NEW).refused == ""
