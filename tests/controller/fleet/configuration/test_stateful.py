"""Whatever is made, changed and restored in whatever order: each position's document is what its layers come to."""

import itertools

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from controller.fleet import service
from controller.fleet.configuration.service import DEFAULTS
from tests.controller.inside import COUNTERS, SERVICES, Inside

turns = itertools.count()
KINDS = ("village", "health")
PLACES = {"kiosk-1": "kiosk", "layar-1": "display", "pad-1": "counter"}
FLAT = {
    "lang": st.sampled_from(["id", "en"]),
    "paper": st.integers(0, 1),
    "volume": st.none() | st.integers(0, 30),
    "brightness": st.none() | st.integers(0, 7),
}
HALLS = {
    "share": st.integers(2, 5),
    "services": st.sampled_from([SERVICES, SERVICES[:1]]),
    "counters": st.sampled_from([[], COUNTERS, COUNTERS[:1]]),
}
POSITION = st.fixed_dictionaries({}, optional=FLAT)
PATCH = st.fixed_dictionaries({}, optional={**FLAT, **HALLS})


class Fleet(RuleBasedStateMachine):
    """Two sites of two kinds; a model that knows nothing but the patches."""

    inside: Inside

    @initialize()
    def begin(self):
        turn = next(turns)
        self.sites = {f"a-{turn}": "village", f"b-{turn}": "health"}
        self.admin = self.inside.admin
        self.history: dict[str, list[dict]] = {}
        for layer in ("fleet", *(f"kind/{kind}" for kind in KINDS)):
            self.put(layer, {})
        for site, kind in self.sites.items():
            self.inside.site(site, kind=kind)
            self.history[f"site/{site}"] = [{"services": SERVICES, "counters": COUNTERS}]
            for id_, role in PLACES.items():
                self.inside.position(site, id_, role, counter="1" if role == "counter" else "", leads=role == "kiosk")

    def teardown(self):
        for layer in ("fleet", *(f"kind/{kind}" for kind in KINDS)):
            self.put(layer, {})
        for site in self.sites:
            assert self.admin.delete(f"/sites/{site}").status_code == 204

    def put(self, layer: str, patch: dict) -> None:
        tag = self.admin.get(f"/configuration/{layer}").headers["ETag"]
        told = self.admin.post(f"/configuration/{layer}/preview", json={"patch": patch}).json()
        answer = self.admin.put(f"/configuration/{layer}", json={"patch": patch}, headers={"If-Match": tag})
        assert answer.status_code == (422 if told["refused"] else 200), answer.text
        if answer.status_code == 200:
            assert answer.json()["patch"] == patch
            self.history.setdefault(layer, []).append(patch)

    def at(self, layer: str) -> dict:
        return self.history.get(layer, [{}])[-1]

    @rule(patch=PATCH, level=st.sampled_from(["fleet", *(f"kind/{kind}" for kind in KINDS)]))
    def change_above(self, patch, level):
        self.put(level, patch)

    @rule(patch=PATCH, which=st.integers(0, 1))
    def change_site(self, patch, which):
        self.put(f"site/{list(self.sites)[which]}", patch)

    @rule(patch=POSITION, which=st.integers(0, 1), place=st.sampled_from(list(PLACES)))
    def change_position(self, patch, which, place):
        self.put(f"position/{list(self.sites)[which]}/{place}", patch)

    @rule(data=st.data())
    def restore(self, data):
        layer = data.draw(st.sampled_from(sorted(self.history)))
        seen = self.admin.get(f"/configuration/{layer}")
        back = data.draw(st.integers(0, min(len(self.history[layer]), seen.json()["rev"]) - 1))
        headers = {"If-Match": seen.headers["ETag"]}
        body = {"rev": seen.json()["rev"] - back}
        answer = self.admin.post(f"/configuration/{layer}/restore", json=body, headers=headers)
        if answer.status_code == 200:
            self.history[layer].append(self.history[layer][-1 - back])
        else:
            assert answer.status_code == 422

    @rule(which=st.integers(0, 1), kind=st.sampled_from(KINDS))
    def is_of_another_kind(self, which, kind):
        site = list(self.sites)[which]
        if self.admin.patch(f"/sites/{site}", json={"kind": kind}).status_code == 200:
            self.sites[site] = kind

    @rule(which=st.integers(0, 1), change=st.fixed_dictionaries({}, optional={"share": st.none() | HALLS["share"]}))
    def say_by_the_site(self, which, change):
        site = list(self.sites)[which]
        answer = self.admin.patch(f"/sites/{site}", json=change)
        assert answer.status_code == 200, answer.text
        said = {**self.at(f"site/{site}"), **change}
        said = {name: value for name, value in said.items() if name != "share" or value is not None}
        if said != self.at(f"site/{site}"):
            self.history[f"site/{site}"].append(said)

    @invariant()
    def every_document_is_the_sum_of_its_layers(self):
        for site, kind in self.sites.items():
            values = dict(DEFAULTS)
            for layer in ("fleet", f"kind/{kind}", f"site/{site}"):
                values |= self.at(layer)
            shown = self.admin.get(f"/sites/{site}").json()
            assert {name: shown[name] for name in HALLS} == {name: values[name] for name in HALLS}
            with self.inside.parts.db.read() as session:
                hall = service.site_of(session, site)
                positions = service.positions_of(session, site)
                for one in positions:
                    wanted = {**values, **self.at(f"position/{site}/{one.id}")}
                    wanted = {name: value for name, value in wanted.items() if value is not None}
                    if one.role != "display":
                        wanted = {name: wanted[name] for name in (*HALLS, "lang", "paper")}
                    doc = service.document_of(hall, positions, one)
                    assert {name: doc[name] for name in doc if name not in PLACE} == wanted
                    assert service.config_hash(doc) == one.desired


PLACE = ("v", "site", "position", "bands")


def test_every_document_is_the_sum_of_its_layers_whatever_happens(inside: Inside):
    run_state_machine_as_test(
        type("Told", (Fleet,), {"inside": inside}),
        settings=settings(
            max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
