"""HTTP of the layers of configurations: look, try, save, look back, restore."""

from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from sqlmodel import Session

from controller.accounts.deps import Viewer, WhoDep
from controller.accounts.service import Who
from controller.fleet.configuration import service, views
from controller.fleet.configuration.layers import Json
from controller.fleet.configuration.models import Layer, Revision
from controller.fleet.configuration.schemas import (
    PATCH,
    POSITION_PATCH,
    DifferencePublic,
    HistoryPublic,
    LayerPublic,
    PatchBody,
    PositionPatchBody,
    PreviewPublic,
    RestoreBody,
    RevisionPublic,
)
from controller.fleet.configuration.service import FLEET, Key, Plan
from controller.fleet.schemas import SitePath
from controller.parts import Parts, PartsDep
from controller.web.i18n import language
from controller.web.problems import Problem

router = APIRouter(prefix="/configuration")

Kind = Annotated[Literal["village", "urban", "subdistrict", "health", "office"], Path()]
PositionPath = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,32}$")]
IfMatch = Annotated[str | None, Header(description="the ETag of the layer as you have seen it", max_length=200)]
Rev = Annotated[int, Query(ge=0, lt=1 << 53)]


class Written(NamedTuple):
    """A layer as somebody has written it, and why."""

    patch: Json
    note: str


@router.get("")
def layers(who: Viewer, parts: PartsDep) -> list[LayerPublic]:
    """Return the layers that you may see: of the fleet, of each kind of site, and those of sites and positions that
    somebody has made."""
    with parts.db.read() as session:
        return [_shown(one) for one in (*views.upper(session), *views.made(session, who))]


def _fleet(who: WhoDep) -> Key:
    return FLEET


def _kind(who: WhoDep, kind: Kind) -> Key:
    return Key("kind", name=kind)


def _site(who: WhoDep, site: SitePath) -> Key:
    return _seen(who, Key("site", site))


def _position(who: WhoDep, site: SitePath, position: PositionPath) -> Key:
    return _seen(who, Key("position", site, position))


def _seen(who: Who, key: Key) -> Key:
    if not who.may("viewer", key.site):
        raise Problem(403, "Your account has no right to this")
    return key


def _edit(who: Who, key: Key) -> None:
    """Refuse who may not change a layer."""
    if not service.may_edit(who, key):
        raise Problem(403, "Your account has no right to this")


def _patch(body: PatchBody) -> Written:
    return Written(dict(PATCH.dump_python(body.patch, mode="json")), body.note)


def _position_patch(body: PositionPatchBody) -> Written:
    return Written(dict(POSITION_PATCH.dump_python(body.patch, mode="json")), body.note)


def _serve(path: str, at: Callable[..., Key], body: Callable[..., Written]) -> None:
    """Serve the layers of one level."""
    needed, written = Depends(at), Depends(body)

    @router.get(path)
    def layer(parts: PartsDep, answer: Response, key: Key = needed) -> LayerPublic:
        """Return a layer; its ETag is for changing it."""
        with parts.db.read() as session:
            return _tagged(answer, service.layer(session, key))

    @router.put(path)
    def change(
        who: WhoDep,
        parts: PartsDep,
        answer: Response,
        key: Key = needed,
        to_be: Written = written,
        if_match: IfMatch = None,
    ) -> LayerPublic:
        """Make a layer what the patch says; every configuration that would be another is looked at first."""
        _edit(who, key)
        return _saved(parts, answer, key, who, if_match, lambda session: to_be.patch, to_be.note)

    @router.post(f"{path}/preview")
    def preview(
        who: WhoDep, parts: PartsDep, request: Request, key: Key = needed, to_be: Written = written
    ) -> PreviewPublic:
        """Return what it would do to save this; nothing is."""
        _edit(who, key)
        with parts.db.read() as session:
            found = service.layer(session, key)
            made = service.plan(session, key, to_be.patch)
            return views.preview(session, found, to_be.patch, made, language(request))

    @router.get(f"{path}/history")
    def history(
        parts: PartsDep, key: Key = needed, before: Rev = 0, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> HistoryPublic:
        """Return how a layer has been, the newest first."""
        with parts.db.read() as session:
            found = views.revisions(session, key, before, limit + 1)
            page = [RevisionPublic(**_fields(one), note=one.note) for one in found[:limit]]
            return HistoryPublic(revisions=page, next=page[-1].rev if len(found) > limit else 0)

    @router.get(f"{path}/diff")
    def diff(parts: PartsDep, old: Rev, new: Rev, key: Key = needed) -> list[DifferencePublic]:
        """Return how two revisions of a layer differ; 0 is the one before all."""
        with parts.db.read() as session:
            return views.shown(views.patch_of(session, key, old), views.patch_of(session, key, new))

    @router.post(f"{path}/restore")
    def restore(
        who: WhoDep, parts: PartsDep, answer: Response, body: RestoreBody, key: Key = needed, if_match: IfMatch = None
    ) -> LayerPublic:
        """Make a layer what it was in an earlier revision: a new revision with the old patch."""
        _edit(who, key)
        return _saved(
            parts, answer, key, who, if_match, lambda session: views.patch_of(session, key, body.rev), body.note
        )


for _path, _at, _body in (
    ("/fleet", _fleet, _patch),
    ("/kind/{kind}", _kind, _patch),
    ("/site/{site}", _site, _patch),
    ("/position/{site}/{position}", _position, _position_patch),
):
    _serve(_path, _at, _body)


def _saved(
    parts: Parts,
    answer: Response,
    key: Key,
    who: Who,
    if_match: str | None,
    patch: Callable[[Session], Json],
    note: str,
) -> LayerPublic:
    """Save a layer where it is as it was seen, and tell those whom it concerns."""
    if if_match is None:
        raise Problem(428, "Send the ETag of what you have seen as If-Match")

    def fn(session: Session) -> tuple[LayerPublic, Plan]:
        found = service.layer(session, key)
        expected = _matching(if_match, found.rev)
        saved, plan = service.save(session, key, patch(session), expected, who.name, note)
        return _tagged(answer, saved), plan

    return service.carry_out(parts, fn)


def _matching(if_match: str, rev: int) -> int:
    """Return the rev that a client has seen, or -1 where that is none that fits. RFC 9110, section 13.1.1."""
    tags = [tag.strip() for tag in if_match.split(",")]
    return rev if "*" in tags or _tag(rev) in tags else -1


def _tag(rev: int) -> str:
    return f'"{rev}"'


def _tagged(answer: Response, found: Layer) -> LayerPublic:
    answer.headers["ETag"] = _tag(found.rev)
    return _shown(found)


def _shown(found: Layer) -> LayerPublic:
    return LayerPublic(**_fields(found))


def _fields(one: Layer | Revision) -> dict[str, object]:
    return {"layer": one.key, "rev": one.rev, "patch": one.patch, "who": one.who, "at": one.at}
