"""`balai voice build`: the clips with which boards and displays speak a number.

Each clip is a WAV file, 22,050 Hz mono, spoken by espeak-ng. Recorded clips of the same names may replace them: a file
that is already there is kept unless `--force` is given. `--card` writes the same clips, numbered in the order of
`protocol.announce.CLIPS`, as a DFPlayer Mini wants them on its SD card (`01/001.wav` and on).
"""

import math
import shutil
import struct
import subprocess
import wave
from pathlib import Path
from typing import Annotated

import typer

from controller import debian
from protocol.announce import CLIPS
from protocol.sentences import spoken

RATE = 22050  # samples a second, as espeak-ng writes them
CHIME = ((659.3, 0.35), (523.3, 0.55))  # Hz and seconds: e'' then c'', the two-tone bell of a waiting room

app = typer.Typer(help="The voice of boards and displays.", no_args_is_help=True)


class VoiceError(Exception):
    """A clip could not be made; the text says what to do."""


def chime(path: Path) -> None:
    """Write the two-tone bell that precedes an announcement."""
    samples: list[int] = []
    for pitch, seconds in CHIME:
        count = int(RATE * seconds)
        samples += [
            int(11000 * math.exp(-4.0 * i / count) * math.sin(2 * math.pi * pitch * i / RATE)) for i in range(count)
        ]
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(struct.pack(f"<{len(samples)}h", *samples))


def clip(espeak: Path, lang: str, text: str, path: Path) -> None:
    """Have `text` spoken in `lang` ("id" or "en") into the WAV file `path`.

    Raises VoiceError where espeak-ng fails.
    """
    run = subprocess.run(
        [espeak, "-v", lang, "-s", "135", "-g", "2", "-w", path, text], capture_output=True, text=True, check=False
    )
    if run.returncode or not path.exists():
        raise VoiceError(f"espeak-ng could not say {text!r}: {run.stderr.strip() or 'no reason given'}")


def build(folder: Path, lang: str, force: bool = False) -> list[Path]:
    """Make every clip that is missing below `folder/lang`; return all their paths in the order of CLIPS."""
    espeak = debian.ensure("espeak-ng")
    place = folder / lang
    place.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in CLIPS:
        path = place / f"{name}.wav"
        paths.append(path)
        if path.exists() and not force:
            continue
        aside = path.with_suffix(".part")
        if name == "chime":
            chime(aside)
        else:
            clip(espeak, lang, spoken(name, lang), aside)
        aside.rename(path)
    return paths


@app.callback()
def voice() -> None:
    """The clips with which boards and displays speak."""


@app.command("build")
def build_command(
    lang: Annotated[list[str] | None, typer.Option(help="id, en; both where none is named")] = None,
    data: Annotated[Path, typer.Option(help="the data folder", envvar="BALAI_DATA")] = Path("data"),
    card: Annotated[Path | None, typer.Option(help="also write a DFPlayer's SD card here")] = None,
    force: Annotated[bool, typer.Option(help="make clips anew that are already there")] = False,
) -> None:
    """Make the clips with espeak-ng (fetched from Debian where it is missing)."""
    for number, one in enumerate(lang or ["id", "en"], start=1):
        try:
            paths = build(data / "voice", one, force)
        except (VoiceError, debian.DebianError) as error:
            typer.echo(f"balai: {error}", err=True)
            raise typer.Exit(1) from None
        typer.echo(f"{len(paths)} clips in {data / 'voice' / one}")
        if card:
            folder = card / f"{number:02d}"
            folder.mkdir(parents=True, exist_ok=True)
            for place, path in enumerate(paths, start=1):
                shutil.copyfile(path, folder / f"{place:03d}.wav")
            typer.echo(f"copied to {folder}")
