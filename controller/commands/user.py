"""`balai user`: accounts of people, beside the pages. Also while the controller runs."""

import secrets
from collections.abc import Callable
from typing import Annotated, TypeVar

import typer
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from controller.accounts import factor, service
from controller.accounts.models import User
from controller.db import Database, DatabaseError
from controller.migrations import upgrade
from controller.options import Stop, with_settings
from controller.sources import Loaded

T = TypeVar("T")

WHO = "balai user"  # in the audit log: somebody at the machine itself
Name = Annotated[str, typer.Argument(help="the name to sign in with")]
Given = Annotated[
    bool, typer.Option("--ask", help="ask for the password rather than make a random one and show it once")
]

app = typer.Typer(help="Accounts of people.", no_args_is_help=True)


@app.command("add")
@with_settings("data", "database_url")
def add(
    loaded: Loaded,
    name: Name,
    role: Annotated[str, typer.Option(help=f"one of {', '.join(service.ROLES)}")] = "clerk",
    sites: Annotated[
        str, typer.Option(help="what it is bound to, with spaces: sites, district:ID for sub-districts; none: all")
    ] = "",
    ask: Given = False,
) -> None:
    """Make an account."""
    password = _password(ask)

    def fn(session: Session) -> None:
        service.add_user(session, name, role, password, sites)
        service.audit(session, WHO, "user.add", name, None, {"role": role, "sites": sites.split()})

    _write(loaded, fn)
    _show(name, password, ask)


@app.command("list")
@with_settings("data", "database_url")
def list_users(loaded: Loaded) -> None:
    """Show all accounts."""

    def fn(session: Session) -> list[tuple[str, str, str]]:
        found = session.exec(select(User).order_by(col(User.name)))
        return [(user.name, user.role, user.sites or "all sites") for user in found]

    for name, role, sites in _write(loaded, fn):
        typer.echo(f"{name:24} {role:12} {sites}")


@app.command("password")
@with_settings("data", "database_url")
def password_of(loaded: Loaded, name: Name, ask: Given = False) -> None:
    """Give an account another password; its sessions end."""
    password = _password(ask)

    def fn(session: Session) -> None:
        service.set_password(session, name, password)
        service.audit(session, WHO, "user.password", name)

    _write(loaded, fn)
    _show(name, password, ask)


@app.command("factor-off")
@with_settings("data", "database_url")
def factor_off(loaded: Loaded, name: Name) -> None:
    """Take the second factor of an account away, where the phone and the recovery codes are lost; its sessions end."""

    def fn(session: Session) -> None:
        service.named(session, name)
        factor.remove(session, name)
        service.end_sessions(session, name)
        service.audit(session, WHO, "factor.off", name)

    _write(loaded, fn)
    typer.echo(f"{name} signs in with the password alone")


@app.command("remove")
@with_settings("data", "database_url")
def remove(loaded: Loaded, name: Name) -> None:
    """Remove an account, its sessions and its tokens."""

    def fn(session: Session) -> None:
        service.remove_user(session, name)
        service.audit(session, WHO, "user.remove", name)

    _write(loaded, fn)
    typer.echo(f"{name} is removed")


def _password(ask: bool) -> str:
    if ask:
        return str(typer.prompt("password", hide_input=True, confirmation_prompt=True))
    return secrets.token_urlsafe(12)


def _show(name: str, password: str, asked: bool) -> None:
    typer.echo(f"{name}" + ("" if asked else f"   password {password}   (shown only this once)"))


def _write(loaded: Loaded, fn: Callable[[Session], T]) -> T:
    """Run `fn` in a write transaction of its own; SQLite lets us in between two of the controller's."""
    settings = loaded.settings
    if settings.database_url is None and not (settings.data / "balai.db").exists():
        raise Stop(f"there is no controller in {settings.data}: start it once, or name its folder with --data")
    try:
        db = Database(settings.database)
        try:
            upgrade(db)
            return db.write(fn)
        finally:
            db.close()
    except (DatabaseError, service.AccountError) as error:
        raise Stop(str(error)) from None
    except DBAPIError as error:
        raise Stop(f"the database cannot be used: {error.orig}") from None
