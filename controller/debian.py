"""Programs from Debian's archive, unpacked beside the project: no root, nothing installed.

Mosquitto and MicroPython are taken from PATH where they are new enough. Elsewhere the packages of Debian
trixie and the few libraries they need (libc6 and its loader among them) are fetched with `apt-get download`,
on package lists of our own, unpacked with `dpkg -x` and run through that loader. The mirror and its key are
the machine's own.

    python -m controller.debian [mosquitto micropython espeak-ng]
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

SUITE = "trixie"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
CACHE = Path(__file__).resolve().parent.parent / ".cache" / "debian"


@dataclass(frozen=True)
class Program:
    """What we need to know of a program: where it lies in its package and which packages it takes to run it."""

    path: str
    lowest: tuple[int, ...]
    ask: tuple[str, ...]  # arguments that make it print its version
    packages: str
    environment: str = ""  # an assignment for its wrapper; $L is the folder of its libraries


PROGRAMS = {
    "mosquitto": Program(
        "usr/sbin/mosquitto",
        (2, 0, 20),
        ("-h",),
        "mosquitto libc6 libcjson1 libmosquitto1 libdlt2 libssl3t64 libsystemd0 libwebsockets19t64 libwrap0",
    ),
    "micropython": Program(
        "usr/bin/micropython",
        (1, 25),
        ("-c", "import sys; print(sys.version)"),
        "micropython libc6 libffi8 libmbedcrypto16 libmbedtls21 libmbedx509-7",
    ),
    "espeak-ng": Program(
        "usr/bin/espeak-ng",
        (1, 51),
        ("--version",),
        "espeak-ng libespeak-ng1 espeak-ng-data libsonic0 libpcaudio0 libc6 libgcc-s1 libstdc++6 libasound2t64"
        " libpulse0 libasyncns0 libdbus-1-3 libsndfile1 libsystemd0 libx11-xcb1 libx11-6 libxcb1 libxau6 libxdmcp6"
        " libcap2 libflac14 libmp3lame0 libmpg123-0t64 libogg0 libopus0 libvorbis0a libvorbisenc2",
        'ESPEAK_DATA_PATH="$L"',
    ),
}

WRAPPER = """#!/bin/sh
# Runs {name} with the loader and the libraries it was built with.
R="${{0%/*}}/../root-{name}"
L="$R/{libraries}"
{environment} exec "$L/{loader}" --library-path "$L:$L/pulseaudio" --argv0 {name} "$R/{path}" "$@"
"""


class DebianError(Exception):
    """A program can be neither found nor fetched; the text says what to do."""


def ensure(program: str, cache: Path = CACHE) -> Path:
    """Return the path of a runnable `program` (a name in PROGRAMS), fetching it if it must.

    Raises DebianError where it is neither on PATH nor to be had from Debian's archive.
    """
    lowest = PROGRAMS[program].lowest
    on_path = shutil.which(program)
    if on_path and version(program, Path(on_path)) >= lowest:
        return Path(on_path)
    wrapper = cache / "bin" / program
    if not wrapper.exists():
        _fetch(program, cache)
    return wrapper


def plugin(mosquitto: Path) -> Path:
    """Return the path of the dynamic security plugin that belongs to this `mosquitto`."""
    name = "mosquitto_dynamic_security.so"
    beside = mosquitto.parent.parent / "root-mosquitto"
    found = sorted((beside if beside.exists() else Path("/")).glob(f"usr/lib/*/{name}"))
    if not found:
        raise DebianError(f"{mosquitto} has no {name} beside it: install the whole package")
    return found[0]


def version(program: str, path: Path) -> tuple[int, ...]:
    """Return the version that `path` prints of itself, or () where it prints none."""
    run = subprocess.run(
        [path, *PROGRAMS[program].ask],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    found = re.search(r"(?:version |MicroPython v|text-to-speech: )(\d+(?:\.\d+)+)", run.stdout + run.stderr)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def _mirror() -> str:
    """Return the address of the Debian mirror that this machine's apt is set to use."""
    run = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.split() for line in run.stdout.splitlines()]
    uris = [uri for origin, uri in (line for line in lines if len(line) == 2) if origin == "Debian"]
    uris = uris or [line[-1] for line in lines if line]  # before the first `apt-get update` the origin is unknown
    main = [uri for uri in uris if uri.rstrip("/").endswith("/debian")]
    if not main:
        raise DebianError("no Debian mirror in this machine's apt settings")
    return main[0]


def _fetch(program: str, cache: Path) -> None:
    lowest = ".".join(map(str, PROGRAMS[program].lowest))
    advice = f"install {program} {lowest} or later and put it on PATH"
    if not (shutil.which("apt-get") and shutil.which("dpkg") and KEYRING.exists()):
        raise DebianError(f"{program} is not here and this is no Debian machine to fetch it on: {advice}")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=f"{program}-") as folder:
        work = Path(folder)
        try:
            debs = _download(work, PROGRAMS[program].packages.split(), _mirror())
        except (DebianError, subprocess.CalledProcessError) as error:
            why = (error.stderr if isinstance(error, subprocess.CalledProcessError) else str(error)).strip()
            last = why.splitlines()[-1] if why else "no reason given"
            raise DebianError(f"{program} cannot be fetched ({last}): check the network, or {advice}") from error
        for deb in debs:
            subprocess.run(["dpkg", "-x", deb, work / "root"], check=True)
        _install(program, work / "root", cache)


def _download(work: Path, packages: list[str], mirror: str) -> list[Path]:
    """Download `packages` of the suite into `work` with package lists of our own; return the files."""
    for name in ("lists/partial", "cache/archives/partial", "debs"):
        (work / name).mkdir(parents=True)
    (work / "status").touch()
    (work / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror} {SUITE} main\n")
    options = {
        "Dir::Etc::SourceList": work / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": work / "lists",
        "Dir::State::status": work / "status",
        "Dir::Cache": work / "cache",
        "Debug::NoLocking": "1",
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
    }
    apt = ["apt-get", "-q", *(part for key, value in options.items() for part in ("-o", f"{key}={value}"))]
    subprocess.run([*apt, "update"], check=True, capture_output=True, text=True)
    subprocess.run([*apt, "download", *packages], check=True, capture_output=True, text=True, cwd=work / "debs")
    return sorted((work / "debs").glob("*.deb"))


def _install(program: str, tree: Path, cache: Path) -> None:
    """Move the unpacked `tree` into the cache; the wrapper comes last, so it is there only when all is."""
    loader = next(tree.glob("usr/lib/*/ld-linux*.so*"))
    target = cache / f"root-{program}"
    if target.exists():
        shutil.rmtree(target)
    loader_name, libraries = loader.name, loader.parent.relative_to(tree)
    tree.rename(target)
    wrapper = cache / "bin" / program
    wrapper.parent.mkdir(exist_ok=True)
    aside = wrapper.with_suffix(f".{os.getpid()}")
    aside.write_text(
        WRAPPER.format(
            name=program,
            libraries=libraries,
            loader=loader_name,
            path=PROGRAMS[program].path,
            environment=PROGRAMS[program].environment,
        )
    )
    aside.chmod(0o755)
    aside.rename(wrapper)


def main() -> int:
    """Make sure of the programs named on the command line and print where each is."""
    for program in sys.argv[1:] or PROGRAMS:
        try:
            print(f"{program}: {ensure(program)}")  # noqa: T201
        except (DebianError, KeyError) as error:
            print(f"balai: {error}", file=sys.stderr)  # noqa: T201
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
