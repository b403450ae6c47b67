"""Backup and restore: the database as it is at one moment, the keys that open it, the CA, the broker's accounts.

An archive is a tar file with `manifest.json` first, which names every file in it with its size and SHA-256. It holds
secrets, so it is readable by its owner only.
"""

import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
import time
import zlib
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import IO, BinaryIO

from controller.folder import Folder

FORMAT = 1
DATABASE = "balai.db"
MANIFEST = "manifest.json"
FOLDERS = ("keys", "ca", "broker", "voice")
ALLOWED = re.compile(rf"balai\.db|({'|'.join(FOLDERS)})(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")
UNFINISHED = (".part", ".new")  # written aside: ours, and Mosquitto's
CHUNK = 1 << 20
LONGEST_MANIFEST = 16 << 20

Entry = dict[str, object]


class BackupError(Exception):
    """A backup cannot be made or restored; the text, one line, says why. Nothing has been changed."""


def backup(folder: Folder, database: Path | None, target: Path) -> int:
    """Write a backup of the data folder to the new file `target`; return its size in bytes.

    Args:
        folder: the data folder.
        database: the SQLite file; None where the database is outside and has a backup of its own.
        target: the archive, written also while the controller runs; compressed where its name ends with .gz or .tgz.
    """
    if target.exists():
        raise BackupError(f"{target} is there already: name another file")
    if not folder.keys.exists() or not (database is None or database.exists()):
        raise BackupError(f"there is nothing to back up in {folder.root}: has the controller ever been started there?")
    aside = target.with_name(target.name + ".part")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".balai-backup-") as work:
            files = _copies_of(folder, Path(work))
            if database is not None:
                files[DATABASE] = _copy_of(database, Path(work) / DATABASE)
            _write(aside, files, database is not None, compress=target.suffix in (".gz", ".tgz"))
        aside.rename(target)
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror}") from error
    finally:
        aside.unlink(missing_ok=True)
    return target.stat().st_size


def restore(source: Path, folder: Folder, database: Path | None, force: bool = False) -> Path | None:
    """Put a backup into the data folder, which must be empty; return where the former content lies, None for none.

    The caller holds the folder's lock. Everything is checked before anything is touched.

    Args:
        source: the archive.
        folder: the data folder.
        database: where the SQLite file belongs; None where the database is outside.
        force: put what is there aside, rather than refuse.
    """
    if not folder.empty and not force:
        raise BackupError(f"{folder.root} is not empty: name another folder, or --force to put aside what is there")
    with tempfile.TemporaryDirectory(dir=folder.root, prefix=".restore-") as work:
        fresh = Path(work)
        _extract(source, fresh)
        if (fresh / DATABASE).exists() != (database is not None):
            raise BackupError(f"{source} and the setting database_url do not speak of the same kind of database")
        if database is not None:
            _check(fresh / DATABASE)
        if not (fresh / "keys").exists():
            raise BackupError(f"{source} has no keys in it: what it holds could not be opened")
        try:
            if database is not None:
                database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            former = _put_aside(folder, database)
            for name in FOLDERS:
                if (fresh / name).exists():
                    (fresh / name).rename(folder.root / name)
            if database is not None:
                shutil.move(fresh / DATABASE, database)
        except OSError as error:
            raise BackupError(f"{folder.root} cannot be written: {error.strerror}") from error
    return former


def _copies_of(folder: Folder, work: Path) -> dict[str, Path]:
    """Copy the files of the data folder: the broker may write its own anew while we read."""
    files = {}
    for path in (path for name in FOLDERS for path in sorted((folder.root / name).rglob("*"))):
        name = path.relative_to(folder.root).as_posix()
        if not path.is_file() or path.suffix in UNFINISHED:
            continue
        _make_parents(work, name)
        files[name] = Path(shutil.copy2(path, work / name))
    return files


def _copy_of(database: Path, target: Path) -> Path:
    """Copy a SQLite file that may be in use, as it is at one moment (sqlite.org/backup.html)."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as there, closing(_private(target)) as here:
            there.backup(here)
            here.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise BackupError(f"{database} cannot be read: {error}") from error
    _check(target)
    return target


def _private(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600)
    return sqlite3.connect(path)


def _check(database: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            found = connection.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        found = str(error)
    if found != "ok":
        raise BackupError(f"the database is damaged: {found}")


def _write(path: Path, files: dict[str, Path], own_database: bool, compress: bool) -> None:
    entries = {name: {"size": one.stat().st_size, "sha256": _sha256(one)} for name, one in files.items()}
    manifest = json.dumps(
        {
            "format": FORMAT,
            "balai": version("balai"),
            "at": time.time_ns() // 1_000_000,
            "database": "sqlite" if own_database else "outside",
            "files": entries,
        },
        indent=1,
    ).encode()
    with (
        open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out,  # noqa: PTH123 - the mode
        tarfile.open(fileobj=out, mode="w:gz" if compress else "w") as archive,
    ):
        head = tarfile.TarInfo(MANIFEST)
        head.size, head.mode = len(manifest), 0o600
        archive.addfile(head, io.BytesIO(manifest))
        for name, one in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = one.stat().st_size, 0o600, int(one.stat().st_mtime)
            with one.open("rb") as content:
                archive.addfile(info, content)
    with path.open("rb") as written:
        os.fsync(written.fileno())


def _extract(source: Path, target: Path) -> None:
    """Unpack an archive into `target`, every file checked against the manifest."""
    try:
        with tarfile.open(source, "r:*") as archive:
            wanted = _manifest(archive, source)
            for member in archive:
                if member.name == MANIFEST:
                    continue
                entry = wanted.pop(member.name, None)
                content = archive.extractfile(member) if member.isreg() and entry else None
                if content is None or entry is None or member.size != entry.get("size"):
                    raise BackupError(f"{source} holds something that its manifest does not name: {member.name[:80]!r}")
                place = target / member.name
                _make_parents(target, member.name)
                with open(os.open(place, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as out:  # noqa: PTH123 - the mode
                    digest = _copy(content, out)
                if digest != entry.get("sha256"):
                    raise BackupError(f"{source} is damaged at {member.name}")
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        why = getattr(error, "strerror", None) or str(error).partition(":\n")[0]
        raise BackupError(f"{source} cannot be read: {why}") from error
    if wanted:
        raise BackupError(f"{source} is not whole: {sorted(wanted)[0]} is missing")


def _make_parents(root: Path, name: str) -> None:
    """Make the folders of the file `name` below `root`, each for our account only."""
    for parent in reversed(Path(name).parents):
        (root / parent).mkdir(mode=0o700, exist_ok=True)


def _manifest(archive: tarfile.TarFile, source: Path) -> dict[str, Entry]:
    first = archive.next()
    content = archive.extractfile(first) if first and first.name == MANIFEST and first.isreg() else None
    try:
        read = json.loads(content.read(LONGEST_MANIFEST)) if content else None
    except (ValueError, RecursionError):
        read = None
    found = read if isinstance(read, dict) else {}
    wanted = found.get("files")
    if not isinstance(wanted, dict) or not all(isinstance(entry, dict) for entry in wanted.values()):
        raise BackupError(f"{source} is no backup of Balai")
    if found.get("format") != FORMAT:
        raise BackupError(
            f"{source} was made by Balai {found.get('balai')}: restore it with that version or a later one"
        )
    if bad := [name for name in wanted if not ALLOWED.fullmatch(name)]:
        raise BackupError(f"{source} holds what no backup holds: {bad[0][:80]!r}")
    return wanted


def _put_aside(folder: Folder, database: Path | None) -> Path | None:
    there = [folder.root / name for name in FOLDERS if (folder.root / name).exists()]
    if database is not None:
        there += [
            path for path in (database.with_name(database.name + end) for end in ("", "-wal", "-shm")) if path.exists()
        ]
    if not there:
        return None
    former = Path(tempfile.mkdtemp(prefix=time.strftime("before-restore-%Y%m%d-%H%M%S-"), dir=folder.root))
    for path in there:
        shutil.move(path, former / path.name)
    return former


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _copy(content: IO[bytes], out: BinaryIO) -> str:
    """Copy to the end and return the SHA-256."""
    digest = hashlib.sha256()
    while chunk := content.read(CHUNK):
        digest.update(chunk)
        out.write(chunk)
    return digest.hexdigest()
