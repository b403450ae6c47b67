"""Run by Alembic: migrations go over the connection that the caller has opened, within its transaction."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel.sql.sqltypes import AutoString

from controller.ingest.models import JsonText
from controller.migrations.tables import METADATA


def plain(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Write types of others, which may change, as what they are in the database."""
    if kind == "type" and isinstance(item, JsonText):
        return "sa.Text()"
    return "sa.String()" if kind == "type" and isinstance(item, AutoString) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_item=plain,
)
context.run_migrations()
