"""`balai release`: a key, a bundle, a signature; each end is one clear line."""

import re
import stat

import pytest
from typer.testing import CliRunner

from provisioning.commands.release import app
from provisioning.release import keys
from provisioning.release.bundle import read

RUN = CliRunner()


def balai(*words: object, code: int = 0, typed: str = "") -> str:
    """Run a command; what it said."""
    done = RUN.invoke(app, [str(word) for word in words], input=typed)
    assert done.exit_code == code, done.output
    assert "PRIVATE" not in done.output
    return done.output


@pytest.fixture
def made(tmp_path):
    """A key and a bundle that is not signed."""
    balai("key", "--out", tmp_path / "release.key")
    balai("build", "--out", tmp_path / "firmware.bundle")
    return tmp_path


def test_from_a_key_to_a_signed_bundle(made):
    assert stat.S_IMODE((made / "release.key").stat().st_mode) == 0o600
    bundle = made / "firmware.bundle"
    assert read(bundle.read_bytes()).signature == b""
    said = balai("sign", bundle, "--key", made / "release.key")
    found = read(bundle.read_bytes())
    assert found.rel in said
    assert keys.is_signed(keys.modulus(made / "release.pub"), found.manifest, found.signature)
    once = bundle.read_bytes()
    balai("sign", bundle, "--key", made / "release.key")
    assert bundle.read_bytes() == once, "signed again it is the same"


def test_a_key_is_never_written_over(made):
    before = (made / "release.key").read_bytes()
    assert "is there already" in balai("key", "--out", made / "release.key", code=2)
    assert (made / "release.key").read_bytes() == before


def test_a_key_may_have_a_passphrase(tmp_path):
    balai("key", "--out", tmp_path / "k", "--passphrase", typed="sandi rahasia\nsandi rahasia\n")
    balai("build", "--out", tmp_path / "b")
    assert b"ENCRYPTED" in (tmp_path / "k").read_bytes()
    assert "passphrase" in balai("sign", tmp_path / "b", "--key", tmp_path / "k", code=2)
    assert "passphrase" in balai("sign", tmp_path / "b", "--key", tmp_path / "k", "--passphrase", code=2, typed="x\n")
    said = balai("sign", tmp_path / "b", "--key", tmp_path / "k", "--passphrase", typed="sandi rahasia\n")
    assert "sandi rahasia" not in said


def test_a_downgrade_says_from_where(tmp_path):
    balai("build", "--out", tmp_path / "b", "--back-from", "0.3.0")
    assert b'"back":3000' in read((tmp_path / "b").read_bytes()).manifest
    assert "is no version" in balai("build", "--out", tmp_path / "b", "--back-from", "next", code=1)


def test_what_cannot_be_done_is_one_line_that_says_why(made, tmp_path):
    bundle, key = made / "firmware.bundle", made / "release.key"
    (tmp_path / "text").write_text("nonsense")
    assert "cut off" in balai("sign", tmp_path / "text", "--key", key, code=1)
    assert "cannot be read" in balai("sign", tmp_path / "none", "--key", key, code=1)
    assert "no private key" in balai("sign", bundle, "--key", tmp_path / "text", code=2)
    assert "no private key" in balai("sign", bundle, "--key", made / "release.pub", code=2)
    assert "cannot be written" in balai("build", "--out", tmp_path / "no" / "where", code=11)
    assert "is not signed" in balai("publish", bundle, "--controller", "https://x", code=2)
    for line in (balai("sign", tmp_path / "none", "--key", key, code=1),):
        assert re.fullmatch(r"balai: .+\n", line)
