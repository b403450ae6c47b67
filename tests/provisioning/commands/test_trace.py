"""A traceback of a linked device is told by its sources."""

import re
import subprocess
from pathlib import Path

from typer.testing import CliRunner

from hil.console import micropython
from provisioning.commands import app
from provisioning.image.slot import ROOT, slot


def test_a_real_traceback_names_the_line_that_failed(tmp_path):
    code = f"import sys; sys.path.insert(0, {str(slot())!r}); import node; node.run(None)"
    failed = subprocess.run([micropython(), "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert 'File "node"' in failed.stderr
    (tmp_path / "crash").write_text(failed.stderr)
    told = CliRunner().invoke(app, ["trace", str(tmp_path / "crash")])
    assert told.exit_code == 0, told.output
    places = re.findall(r'File "(firmware/\S+)", line (\d+)', told.output)
    assert [Path(file).name for file, _ in places] == ["node.py", "node.py"]
    assert "board.root" in (ROOT / places[-1][0]).read_text().splitlines()[int(places[-1][1]) - 1]


def test_what_is_no_place_stays_as_it_is():
    text = 'Traceback\n  File "main.py", line 105, in main\n  File "asyncio/core.py", line 1, in run\nOSError: 28\n'
    told = CliRunner().invoke(app, ["trace"], input=text)
    assert told.output == text
