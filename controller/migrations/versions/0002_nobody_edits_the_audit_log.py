"""Nobody edits the audit log: rows of it are only added, whoever asks."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WORDS = "the audit log is only added to"


def upgrade() -> None:
    """Refuse changes and removals in the database itself."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION account_audit_kept() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{WORDS}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER account_audit_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON account_audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION account_audit_kept()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER account_audit_{change.lower()} BEFORE {change} ON account_audit "
            f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
        )
