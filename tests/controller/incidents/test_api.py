"""Incidents over HTTP: who sees them, who looks after them, and how pages follow."""

import csv
import io
import json
import threading

from tests.controller.incidents.conftest import MINUTE_MS
from tests.controller.waiting import until


def without_paper(watching, **options: object):
    """Return a hall whose kiosk has no paper, and the incident's id."""
    hall = watching("kiosk-1", **options)
    hall.says("kiosk-1")
    hall.tells("kiosk-1", ("paper.out", {}))
    hall.go_on(MINUTE_MS)
    (one,) = hall.incidents(open=True)
    return hall, one["id"]


def test_an_incident_says_what_it_is_in_the_language_that_is_asked_for(watching):
    hall, id_ = without_paper(watching)
    for lang, text in (("id", "Kertas habis: pasang gulungan baru"), ("en", "Paper is out: put in a new roll")):
        one = hall.inside.admin.get(f"/incidents/{id_}", params={"lang": lang}).json()
        assert (one["text"], one["urgent"], one["until"]) == (text, True, 0)
        assert [(entry["what"], entry["who"]) for entry in one["history"]] == [("opened", "")]


def test_acknowledgements_and_comments_have_names_and_stay(watching):
    hall, id_ = without_paper(watching)
    technician = hall.inside.person(f"tek-{id_}", "technician")
    clerk = hall.inside.person(f"loket-{id_}", "clerk", hall.site)
    answer = technician.post(f"/incidents/{id_}/acknowledge", json={"text": "Saya ke sana"})
    assert answer.status_code == 200
    assert answer.json()["by"] == f"tek-{id_}"
    assert technician.post(f"/incidents/{id_}/acknowledge", json={}).json()["history"] == answer.json()["history"]
    assert clerk.post(f"/incidents/{id_}/comments", json={"text": "Gulungan habis"}).status_code == 201
    hall.tells("kiosk-1", ("paper.ok", {}))
    hall.go_on(3 * MINUTE_MS)
    assert technician.post(f"/incidents/{id_}/acknowledge", json={}).status_code == 409
    assert clerk.post(f"/incidents/{id_}/comments", json={"text": "Sudah diganti"}).status_code == 201
    whole = clerk.get(f"/incidents/{id_}").json()
    assert [(one["what"], one["who"], one["text"]) for one in whole["history"]] == [
        ("opened", "", ""),
        ("acknowledged", f"tek-{id_}", "Saya ke sana"),
        ("comment", f"loket-{id_}", "Gulungan habis"),
        ("closed", "", ""),
        ("comment", f"loket-{id_}", "Sudah diganti"),
    ]
    audited = [(one["what"], one["who"]) for one in hall.inside.audit() if one["target"] == f"{hall.site}/{id_}"]
    assert audited == [
        ("incident.acknowledge", f"tek-{id_}"),
        ("incident.comment", f"loket-{id_}"),
        ("incident.comment", f"loket-{id_}"),
    ]


def test_a_history_ends_somewhere(watching):
    hall, id_ = without_paper(watching)
    answers = [hall.inside.admin.post(f"/incidents/{id_}/comments", json={"text": "lagi"}) for _ in range(200)]
    assert [one.status_code for one in answers] == [201] * 199 + [409]


def test_who_is_bound_to_a_hall_sees_that_hall(watching):
    here, one = without_paper(watching)
    there, other = without_paper(watching)
    bound = here.inside.person(f"lihat-{one}", "viewer", here.site)
    assert [found["id"] for found in bound.get("/incidents").json()["incidents"]] == [one]
    assert bound.get("/incidents", params={"site": there.site}).status_code == 403
    assert bound.get(f"/incidents/{other}").status_code == 404
    assert bound.get(f"/sites/{there.site}/health").status_code == 403
    assert bound.post(f"/incidents/{one}/comments", json={"text": "x"}).status_code == 403
    technician = here.inside.person(f"tek-b-{one}", "technician", here.site)
    assert technician.post(f"/incidents/{other}/acknowledge", json={}).status_code == 404
    assert here.inside.someone().get("/incidents").status_code == 401
    assert here.inside.someone().get("/incidents/stream").status_code == 401
    for body in ({}, {"text": ""}, {"text": "a\nb"}, {"text": "x" * 501}, {"text": "x", "more": 1}):
        assert technician.post(f"/incidents/{one}/comments", json=body).status_code == 422


def test_pages_of_incidents_follow_on_one_another(watching):
    made = [without_paper(watching)[1] for _ in range(3)]
    hall, last = without_paper(watching)
    found, after = [], made[0] - 1
    while True:
        page = hall.inside.admin.get("/incidents", params={"after": after, "limit": 2}).json()
        if not page["incidents"]:
            break
        found += [one["id"] for one in page["incidents"]]
        after = page["next"]
    assert found == [*made, last]


def test_a_page_that_follows_hears_of_each_change_of_its_own_halls(watching):
    here, one = without_paper(watching)
    _, other = without_paper(watching)
    viewer = here.inside.person(f"ikut-{one}", "viewer", here.site)
    heard: list[dict] = []
    began = threading.Event()

    def follow() -> None:
        with viewer.stream("GET", "/incidents/stream") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                began.set()
                if line.startswith("data: "):
                    heard.append(json.loads(line.removeprefix("data: ")))
                if len(heard) == 2:
                    return

    thread = threading.Thread(target=follow)
    thread.start()
    assert began.wait(60)
    for id_ in (other, one):
        here.inside.admin.post(f"/incidents/{id_}/acknowledge", json={})
    until(lambda: heard, "nothing is heard")
    here.tells("kiosk-1", ("paper.ok", {}))
    for _ in range(12):
        here.now += 15_000
        here.parts.incidents.changed(here.rounds.look(here.now))
    thread.join(60)
    assert [(found["id"], found["by"], bool(found["until"])) for found in heard] == [
        (one, "admin", False),
        (one, "admin", True),
    ]
    until(lambda: here.parts.incidents.followers == 0, "who has gone is still followed")


def test_what_is_open_is_counted_by_kind(watching):
    hall, _ = without_paper(watching)
    text = hall.inside.someone().get(hall.inside.address + "/metrics").text
    counted = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line[0] != "#"}
    open_ = hall.inside.admin.get("/incidents", params={"open": True, "limit": 1000}).json()["incidents"]
    assert counted['balai_incidents_open{kind="paper_out"}'] == sum(one["kind"] == "paper_out" for one in open_) > 0
    assert counted['balai_incidents_open{kind="heap"}'] == 0


def test_incidents_are_taken_home_as_a_file(watching):
    hall, id_ = without_paper(watching)
    answer = hall.inside.admin.get("/incidents/export", params={"lang": "en", "site": hall.site})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="incidents.csv"'
    head, *rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";"))
    [row] = [dict(zip(head, row, strict=True)) for row in rows if row[0] == str(id_)]
    assert (row["Site"], row["What it is"], row["Urgent"]) == (hall.site, "Paper is out: put in a new roll", "1")
    assert (row["Until"], row["Looked after by"]) == ("", "")
