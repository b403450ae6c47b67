"""Programs are found on PATH when new enough, else fetched, else named with what to do."""

from pathlib import Path

import pytest

from controller import debian


def program(folder: Path, name: str, says: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def test_every_program_is_had_in_a_version_that_will_do():
    for name, wanted in debian.PROGRAMS.items():
        if name == "espeak-ng":
            continue  # fetched only for `balai voice build`
        assert debian.version(name, debian.ensure(name)) >= wanted.lowest


def test_the_plugin_belongs_to_the_broker():
    assert debian.plugin(debian.ensure("mosquitto")).name == "mosquitto_dynamic_security.so"


def test_a_new_enough_program_on_path_is_taken(tmp_path, monkeypatch):
    path = program(tmp_path / "bin", "mosquitto", "mosquitto version 2.1.0")
    monkeypatch.setenv("PATH", str(path.parent))
    assert debian.ensure("mosquitto", tmp_path / "cache") == path


def test_an_old_program_on_path_is_passed_over(tmp_path, monkeypatch):
    path = program(tmp_path / "bin", "mosquitto", "mosquitto version 2.0.11")
    monkeypatch.setenv("PATH", str(path.parent))
    fetched = program(tmp_path / "cache", "unused", "")
    (tmp_path / "cache" / "bin").mkdir()
    fetched.rename(tmp_path / "cache" / "bin" / "mosquitto")
    assert debian.ensure("mosquitto", tmp_path / "cache") == tmp_path / "cache" / "bin" / "mosquitto"


def test_where_nothing_can_be_fetched_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(debian.DebianError, match=r"install mosquitto 2\.0\.20 or later"):
        debian.ensure("mosquitto", tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_failed_fetch_leaves_nothing_half_done(tmp_path, monkeypatch):
    apt = program(tmp_path / "bin", "apt-get", "")
    apt.write_text("#!/bin/sh\necho 'E: the mirror does not answer' >&2\nexit 100\n")
    program(apt.parent, "dpkg", "")
    monkeypatch.setenv("PATH", str(apt.parent))
    monkeypatch.setattr(debian, "_mirror", lambda: "file:///nowhere/debian/")
    monkeypatch.setattr(debian, "KEYRING", apt)
    with pytest.raises(debian.DebianError, match="the mirror does not answer"):
        debian.ensure("mosquitto", tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_machine_without_debians_key_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr(debian, "KEYRING", tmp_path / "none.gpg")
    monkeypatch.setattr(debian.shutil, "which", lambda name: None if name == "mosquitto" else f"/usr/bin/{name}")
    with pytest.raises(debian.DebianError, match="no Debian machine"):
        debian.ensure("mosquitto", tmp_path / "cache")
