"""What devices tell of updates is kept by device and release, and made again from the events the same."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from controller.db import Database
from controller.ingest import Row
from controller.migrations import upgrade
from controller.updates.models import Told
from controller.updates.projector import UpdateProjector

KINDS = ("update.taken", "update.ready", "update.done", "update.failed")
TELLING = st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["r1", "r2"]), st.sampled_from(KINDS))


def rows(told: list[tuple[str, str, str]]) -> list[Row]:
    return [
        Row("s", pos, "p", device, "log", 1, pos, 0, 0, 0, 1000 + pos, 0, kind, {"rel": rel, "why": f"w{pos}"})
        for pos, (device, rel, kind) in enumerate(told, 1)
    ]


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(st.lists(TELLING, max_size=12), st.integers(0, 12))
def test_the_last_of_each_kind_is_kept_however_events_are_grouped(tmp_path_factory, told, cut):
    db = Database(f"sqlite:///{tmp_path_factory.mktemp('told') / 'balai.db'}")
    upgrade(db)
    projector = UpdateProjector()
    every = rows(told)

    def content() -> list[dict]:
        with db.read() as session:
            return [one.model_dump() for one in session.exec(select(Told).order_by(Told.device, Told.rel))]

    for part in (every[:cut], every[cut:]):
        db.write(lambda session, part=part: projector.project(session, part))
    first = content()
    db.write(projector.reset)
    assert content() == []
    db.write(lambda session: projector.project(session, every))
    assert content() == first
    for one in first:
        for kind in KINDS:
            at = [
                row.at for row in every if (row.device, row.data["rel"], row.kind) == (one["device"], one["rel"], kind)
            ]
            assert one[kind.removeprefix("update.")] == max(at, default=0)
        assert one["why"] == (f"w{one['failed'] - 1000}" if one["failed"] else "")
    db.close()
