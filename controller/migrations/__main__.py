"""Writes the next version of the tables from what the models say."""

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command

from controller.db import Database
from controller.migrations import HERE, config, upgrade


def main(message: str) -> None:
    """Upgrade an empty database, compare it with the models, and write the difference as a version."""
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{Path(folder) / 'empty.db'}")
        upgrade(db)
        number = f"{len(list((HERE / 'versions').glob('[0-9]*_*.py'))) + 1:04d}"
        db.write(
            lambda session: command.revision(config(session.connection()), message, autogenerate=True, rev_id=number)
        )
        db.close()
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", HERE / "versions"], check=False)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit('python -m controller.migrations "what has changed"')
    main(sys.argv[1])
