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
from controller.folder import Folder, FolderError
from controller.options import Stop, with_settings
from controller.sources import Loaded
from protocol.announce import CLIPS
from protocol.sentences import spoken

RATE = 22050  # samples a second, as espeak-ng writes them
CHIME = ((659.3, 0.35), (523.3, 0.55))  # Hz and seconds: e'' then c'', the two-tone bell of a waiting room

LANGUAGES = ("id", "en")

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
@with_settings("data")
def build_command(
    loaded: Loaded,
    lang: Annotated[list[str] | None, typer.Option(help="id, en; both where none is named")] = None,
    card: Annotated[Path | None, typer.Option(help="also write a DFPlayer's SD card here")] = None,
    force: Annotated[bool, typer.Option(help="make clips anew that are already there")] = False,
) -> None:
    """Make the clips with espeak-ng (fetched from Debian where it is missing)."""
    folder = Folder(loaded.settings.data)
    for number, one in enumerate(lang or LANGUAGES, start=1):
        if one not in LANGUAGES:
            raise Stop(f"{one} is no language of the clips: id or en")
        try:
            folder.make_root()
            paths = build(folder.voice, one, force)
            typer.echo(f"{len(paths)} clips in {folder.voice / one}")
            if card:
                place = card / f"{number:02d}"
                place.mkdir(parents=True, exist_ok=True)
                for track, path in enumerate(paths, start=1):
                    shutil.copyfile(path, place / f"{track:03d}.wav")
                typer.echo(f"copied to {place}")
        except (VoiceError, debian.DebianError, FolderError) as error:
            raise Stop(str(error)) from None
        except OSError as error:
            raise Stop(f"{error.filename} cannot be written: {error.strerror}") from None
