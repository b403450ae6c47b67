"""Backup and restore: everything comes back, and an archive that is damaged, foreign or torn changes nothing."""

import gzip
import io
import json
import random
import shutil
import sqlite3
import stat
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from controller import backup
from controller.backup import BackupError
from controller.folder import Folder


def made(root: Path, mark: str) -> Folder:
    """Return a data folder as a controller leaves it, `mark` in everything."""
    folder = Folder(root)
    folder.make()
    with sqlite3.connect(folder.database) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE note (body TEXT)")
        connection.executemany("INSERT INTO note VALUES (?)", [(f"{mark} {number}",) for number in range(500)])
    connection.close()
    for name in ("keys/secrets.key", "ca/ca.pem", "ca/ca.key", "broker/dynamic-security.json", "voice/id/dua.wav"):
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{mark} {name}" * 50)
        path.chmod(0o600)
    return folder


def content(folder: Folder) -> dict[str, object]:
    """Return all that is in a data folder, but for what was put aside."""
    found: dict[str, object] = {}
    for path in sorted(folder.root.rglob("*")):
        name = path.relative_to(folder.root).as_posix()
        if path.is_file() and name.split("/")[0] in ("keys", "ca", "broker", "voice"):
            found[name] = path.read_text()
    if folder.database.exists():
        connection = sqlite3.connect(folder.database)
        found["database"] = connection.execute("SELECT body FROM note ORDER BY rowid").fetchall()
        connection.close()
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return made(tmp_path / "data", "old")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good archive."""
    place = tmp_path_factory.mktemp("archive")
    folder = made(place / "data", "old")
    backup.backup(folder, folder.database, place / "a.tar")
    return place / "a.tar"


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A data folder in use, into which nothing bad must come."""
    return made(tmp_path_factory.mktemp("there") / "data", "new")


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tgz"])
def test_everything_comes_back_readable_by_its_owner_only(folder, tmp_path, name):
    size = backup.backup(folder, folder.database, tmp_path / name)
    assert size == (tmp_path / name).stat().st_size
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    other = Folder(tmp_path / "other")
    other.make_root()
    assert backup.restore(tmp_path / name, other, other.database) is None
    assert content(other) == content(folder)
    for path in other.root.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(["data", "other", name]), "nothing is left behind"


def test_what_is_written_while_it_is_copied_is_whole(folder, tmp_path):
    """Mosquitto writes its accounts anew at each claim, the application the database all the time."""
    begun, stop, dice = threading.Event(), threading.Event(), random.Random()

    def work() -> None:
        accounts = folder.broker / "dynamic-security.json"
        connection = sqlite3.connect(folder.database)
        for number in range(1_000_000):
            if stop.is_set():
                break
            aside = accounts.with_suffix(".json.new")
            aside.write_text(f"accounts {number}" * dice.randint(1, 3000))
            aside.replace(accounts)
            begun.set()
            with connection:
                connection.execute("INSERT INTO note VALUES ('later')")
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    begun.wait()
    try:
        for number in range(12):
            target = tmp_path / f"{number}.tar"
            backup.backup(folder, folder.database, target)
            other = Folder(tmp_path / f"other-{number}")
            other.make_root()
            backup.restore(target, other, other.database)
            assert (other.broker / "dynamic-security.json").read_text().startswith("accounts ")
    finally:
        stop.set()
        worker.join()


def test_it_does_not_write_over_a_file_nor_leave_half_of_one(folder, tmp_path, monkeypatch):
    (tmp_path / "a.tar").write_text("mine")
    with pytest.raises(BackupError, match="is there already"):
        backup.backup(folder, folder.database, tmp_path / "a.tar")
    assert (tmp_path / "a.tar").read_text() == "mine"
    with pytest.raises(BackupError, match="cannot be written: No such file"):
        backup.backup(folder, folder.database, tmp_path / "nowhere" / "a.tar")
    full = OSError(28, "No space left on device")
    monkeypatch.setattr(backup, "_write", lambda *_a, **_k: (_ for _ in ()).throw(full))
    with pytest.raises(BackupError, match="No space left"):
        backup.backup(folder, folder.database, tmp_path / "b.tar")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.tar", "data"]


def test_a_damaged_database_is_not_backed_up_as_if_it_were_whole(folder, tmp_path):
    with folder.database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)
    with pytest.raises(BackupError, match=r"damaged|cannot be read"):
        backup.backup(folder, folder.database, tmp_path / "a.tar")
    assert not (tmp_path / "a.tar").exists()


def test_an_empty_folder_has_nothing_to_back_up(tmp_path):
    with pytest.raises(BackupError, match="nothing to back up"):
        backup.backup(Folder(tmp_path / "no"), tmp_path / "no" / "balai.db", tmp_path / "a.tar")


def test_what_is_there_is_kept_unless_forced_and_then_put_aside(folder, tmp_path):
    backup.backup(folder, folder.database, tmp_path / "a.tar")
    other = made(tmp_path / "other", "new")
    before = content(other)
    with pytest.raises(BackupError, match="--force"):
        backup.restore(tmp_path / "a.tar", other, other.database)
    assert content(other) == before
    aside = {backup.restore(tmp_path / "a.tar", other, other.database, force=True) for _ in range(3)}
    assert len(aside) == 3, "also three times within a second"
    assert content(other) == content(folder)
    first = next(one for one in aside if "new" in (one / "keys" / "secrets.key").read_text())
    kept = sqlite3.connect(first / "balai.db")
    assert kept.execute("SELECT count(*) FROM note WHERE body LIKE 'new%'").fetchone() == (500,)
    kept.close()


def test_a_backup_of_the_other_kind_of_database_is_refused(folder, tmp_path):
    backup.backup(folder, None, tmp_path / "outside.tar")
    backup.backup(folder, folder.database, tmp_path / "sqlite.tar")
    other = Folder(tmp_path / "other")
    other.make_root()
    with pytest.raises(BackupError, match="database_url"):
        backup.restore(tmp_path / "outside.tar", other, other.database)
    with pytest.raises(BackupError, match="database_url"):
        backup.restore(tmp_path / "sqlite.tar", other, None)
    backup.restore(tmp_path / "outside.tar", other, None)
    assert (other.keys / "secrets.key").exists()
    assert not other.database.exists()


def attempt(source: bytes, there: Folder, name: str = "x.tar") -> bool:
    """Try to restore; return whether it went through. If not, nothing must have changed."""
    place = there.root.parent / name
    place.write_bytes(source)
    before = content(there)
    try:
        aside = backup.restore(place, there, there.database, force=True)
    except BackupError as error:
        why = str(error)
    else:
        shutil.rmtree(aside)
        return True
    finally:
        place.unlink()
    assert "\n" not in why
    assert content(there) == before
    assert not list(there.root.glob(".restore-*")), "something is left behind"
    return False


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(st.floats(0, 0.999))
def test_a_torn_archive_changes_nothing(archive, there, part):
    whole = archive.read_bytes().rstrip(b"\0")  # a tar ends with empty blocks that nobody misses
    assert not attempt(whole[: int(len(whole) * part)], there)


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 1 << 30), st.integers(1, 255), st.booleans())
@example(0, 1, False)
def test_a_damaged_archive_changes_nothing(archive, there, at, by, compressed):
    source = bytearray(archive.read_bytes())
    if compressed:
        out = io.BytesIO()
        with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as file:
            file.write(source)
        source = bytearray(out.getvalue())
    source[at % len(source)] ^= by
    if attempt(bytes(source), there):  # the damage was where nothing is kept: unused fields of a header, the end
        assert all("old" in str(value) for value in content(there).values())
        shutil.rmtree(there.root)
        made(there.root, "new")


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=4000))
def test_what_is_no_archive_changes_nothing(there, source):
    assert not attempt(source, there)


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return an archive of these members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def manifest(files: object, **more: object) -> tuple[tarfile.TarInfo, bytes]:
    body = json.dumps({"format": 1, "balai": "9.9.9", "files": files, **more}).encode()
    return tarfile.TarInfo("manifest.json"), body


def hostile() -> Iterator[tuple[str, bytes]]:
    """Archives by somebody who means harm, or by another program."""
    good = {"size": 1, "sha256": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"}
    info = tarfile.TarInfo
    link = info("keys/secrets.key")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    device = info("keys/secrets.key")
    device.type = tarfile.CHRTYPE
    yield "empty", tar()
    yield "no manifest", tar((info("keys/secrets.key"), b"x"))
    yield "manifest is no object", tar((info("manifest.json"), b"[]"))
    yield "manifest of files that are none", tar(manifest(["keys/secrets.key"]))
    yield "entries that are none", tar(manifest({"keys/secrets.key": 7}), (info("keys/secrets.key"), b"x"))
    yield "deep manifest", tar((info("manifest.json"), b"[" * 100_000))
    yield "another format", tar(manifest({}, format=2))
    yield "outside", tar(manifest({"../evil": good}), (info("../evil"), b"x"))
    yield "absolute", tar(manifest({"/tmp/evil": good}), (info("/tmp/evil"), b"x"))
    yield "dots within", tar(manifest({"keys/../../evil": good}), (info("keys/../../evil"), b"x"))
    yield "another folder", tar(manifest({"etc/evil": good}), (info("etc/evil"), b"x"))
    yield "a link", tar(manifest({"keys/secrets.key": good}), (link, b""))
    yield "a device", tar(manifest({"keys/secrets.key": good}), (device, b""))
    yield (
        "more than named",
        tar(manifest({"keys/secrets.key": good}), (info("keys/secrets.key"), b"x"), (info("ca/x"), b"x")),
    )
    yield (
        "less than named",
        tar(manifest({"keys/secrets.key": good, "ca/ca.pem": good}), (info("keys/secrets.key"), b"x")),
    )
    yield "other content", tar(manifest({"keys/secrets.key": good}), (info("keys/secrets.key"), b"y"))
    yield "twice", tar(manifest({"keys/a": good}), (info("keys/a"), b"x"), (info("keys/a"), b"x"))
    yield "no database", tar(manifest({"keys/secrets.key": good}), (info("keys/secrets.key"), b"x"))


@pytest.mark.parametrize(("what", "source"), list(hostile()), ids=[what for what, _ in hostile()])
def test_an_archive_that_means_harm_changes_nothing(there, tmp_path, what, source):
    assert not attempt(source, there)
    assert not Path("/tmp/evil").exists()
    assert not (there.root.parent / "evil").exists()
