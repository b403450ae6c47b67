"""Where releases are kept: in the database, so that a backup has them."""

from sqlmodel import Session, col, select

from controller.accounts.service import audit
from controller.db import Database
from controller.fleet.service import FleetError
from controller.ingest.alarms import now_ms
from controller.updates.models import Release, Rollout
from controller.updates.release.bundle import Bundle

UNENDED = ("running", "paused", "stopped")  # rollouts that may still need their release


def keep(session: Session, found: Bundle, data: bytes, who: str) -> bool:
    """Keep a bundle; return whether it is new. Raises FleetError where its number is taken by another."""
    there = session.exec(select(Release.sha256).where(Release.seq == found.seq)).first()
    if there == found.sha256:
        return False
    if there is not None:
        raise FleetError("There is another release of this version: give the new one a higher version")
    session.add(
        Release(
            rel=found.rel,
            fw=found.fw,
            seq=found.seq,
            abi=found.abi,
            least=found.least,
            roles=" ".join(found.roles),
            back=found.back,
            files=[[*file] for file in found.files],
            sha256=found.sha256,
            size=found.size,
            bundle=data,
            who=who,
            at=now_ms(),
        )
    )
    audit(session, who, "release.add", found.rel, None, {"fw": found.fw, "size": found.size})
    return True


def release_of(session: Session, rel: str) -> Release:
    """Return a release. Raises FleetError."""
    found = session.get(Release, rel)
    if found is None:
        raise FleetError("There is no such release", missing=True)
    return found


def remove(session: Session, rel: str, who: str) -> str:
    """Remove a release; return its blob. Raises FleetError where a rollout that has not ended uses it."""
    found = release_of(session, rel)
    using = select(Rollout.id).where(Rollout.rel == rel, col(Rollout.state).in_(UNENDED))
    if session.exec(using.limit(1)).first() is not None:
        raise FleetError("A rollout uses this release: cancel that first")
    session.delete(found)
    audit(session, who, "release.remove", rel, {"fw": found.fw})
    return found.sha256


def source(db: Database, sha256: str) -> bytes | None:
    """Return the bundle that is the blob `sha256`, None for none."""
    with db.read() as session:
        return session.exec(select(Release.bundle).where(Release.sha256 == sha256)).first()
