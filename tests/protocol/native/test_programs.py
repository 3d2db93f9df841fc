"""Programs that say that they live, and runs below others, through the door."""

from native.conftest import INLINE, Api


def made(api: Api, **said: object) -> str:
    reply = api.ask("POST", f"{api.home}/runs", {**INLINE, **said})
    assert reply.status == 201, reply.body
    return reply.json["id"]


def beat(api: Api, *runs: str) -> list[str]:
    reply = api.ask("POST", f"{api.home}/beats", {"runs": list(runs)})
    assert reply.status == 200, reply.body
    return reply.json["ended"]


def test_runs_that_promised_to_beat_are_watched_and_others_are_not(api: Api):
    promised, other = made(api, beats=True), made(api)
    programs = api.doors.house.programs
    assert [run for _, run in programs.silent(-1)] == [promised]
    assert beat(api, promised, other, "absent") == [other, "absent"]


def test_a_run_that_ended_needs_no_more_beats(api: Api):
    run = made(api, beats=True)
    api.ask("POST", f"{api.home}/runs/{run}/end", {"state": "Completed"})
    assert beat(api, run) == [run]


def test_a_lost_run_is_running_again_with_a_beat(api: Api):
    run = made(api, beats=True)
    workspace = api.home.rpartition("/")[2]
    house = api.doors.house
    losing = house.work.write(
        lambda s: s.programs.lose(workspace, run, heard_at=house.clock.now())
    )
    api.runner.run(losing)
    seen = api.ask("GET", f"{api.home}/runs/{run}").json
    assert (seen["state"], seen["error"]["code"]) == ("Failed", "HeartbeatLost")
    assert beat(api, run) == []
    seen = api.ask("GET", f"{api.home}/runs/{run}").json
    assert (seen["state"], seen.get("error"), seen.get("ended_at")) == ("Running", None, None)


def test_too_many_runs_in_a_beat_are_refused(api: Api):
    reply = api.ask("POST", f"{api.home}/beats", {"runs": ["r"] * 1001})
    assert reply.status == 400


def test_runs_are_listed_by_what_is_above_them(api: Api):
    top = made(api)
    child = made(api, parent_id=top)
    deep = made(api, parent_id=child)

    def listed(query: str) -> list[str]:
        reply = api.ask("GET", f"{api.home}/runs?{query}")
        return [run["id"] for run in reply.json["value"]]

    assert listed(f"below={top}") == [deep, child]
    assert listed(f"parent={top}") == [child]
    assert listed("top=true") == [top]
    assert listed(f"below={deep}") == []
