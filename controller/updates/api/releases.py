"""HTTP of releases."""

from typing import Annotated

from fastapi import APIRouter, Body, Response
from sqlmodel import Session, col, select

from controller.accounts.deps import FleetAdmin
from controller.parts import PartsDep
from controller.updates.models import Release
from controller.updates.release import shelf
from controller.updates.release.bundle import LARGEST, parse
from controller.updates.schemas import ReleasePublic, RelPath
from controller.web.problems import Problem

router = APIRouter()


@router.post("/releases", status_code=201)
def add_release(
    body: Annotated[bytes, Body(media_type="application/octet-stream", description="the bundle, at most 512 KB")],
    who: FleetAdmin,
    response: Response,
    parts: PartsDep,
) -> ReleasePublic:
    """Keep a release. Its bundle is checked to the last byte, and has to be signed by the key in `release_key`."""
    if not parts.updates.key:
        raise Problem(409, "No key of releases is set: name its public part with release_key and start again")
    if len(body) > LARGEST:
        raise Problem(413)
    found = parse(body, int(parts.updates.key, 16))

    def fn(session: Session) -> tuple[bool, ReleasePublic]:
        new = shelf.keep(session, found, body, who.name)
        session.flush()
        return new, ReleasePublic.of(shelf.release_of(session, found.rel))

    new, made = parts.db.write(fn)
    response.status_code = 201 if new else 200
    return made


@router.get("/releases")
def releases(who: FleetAdmin, parts: PartsDep) -> list[ReleasePublic]:
    """Return all releases, the newest first."""
    with parts.db.read() as session:
        return [ReleasePublic.of(one) for one in session.exec(select(Release).order_by(col(Release.seq).desc()))]


@router.get("/releases/{rel}")
def release(rel: RelPath, who: FleetAdmin, parts: PartsDep) -> ReleasePublic:
    """Return a release."""
    with parts.db.read() as session:
        return ReleasePublic.of(shelf.release_of(session, rel))


@router.delete("/releases/{rel}", status_code=204)
def remove_release(rel: RelPath, who: FleetAdmin, parts: PartsDep) -> None:
    """Remove a release that no rollout uses any more; what devices run stays as it is."""
    parts.updates.blobs.drop(parts.db.write(lambda session: shelf.remove(session, rel, who.name)))
