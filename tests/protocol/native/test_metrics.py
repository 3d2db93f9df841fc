import json
import math

import msgspec
import pytest
from zaffre_sdk.wire.metrics import BatchIn, Columns, EntryList, MetricList, Point

from native.conftest import TAKES_MSGPACK, Api


def batch(*values: object, kind: str = "scalar", name: str = "m", sequence: int = 1) -> BatchIn:
    points = [Point(name, kind, value, None, 1.5) for value in values]
    return BatchIn(writer="w", sequence=sequence, points=points)


def test_c50_not_a_number_travels_as_it_is_or_as_a_word(api: Api, run: str):
    values = [1.5, math.nan, math.inf, -math.inf, True, "text", 7]
    reply = api.log(run, batch(*values))
    assert (reply.status, reply.json) == (200, {"sequence": 1, "stored": True})
    assert api.log(run, batch(*values)).json == {"sequence": 1, "stored": False}

    def strict(word: str):
        raise AssertionError(word)

    answer = api.ask("GET", f"{run}/metrics/entries").body
    entries = json.loads(answer, parse_constant=strict)["value"]
    assert [entry["value"] for entry in entries] == [
        1.5, "NaN", "Infinity", "-Infinity", True, "text", 7
    ]  # fmt: skip
    packed = api.ask("GET", f"{run}/metrics/entries", headers=(TAKES_MSGPACK,))
    assert packed.headers["content-type"] == "application/vnd.msgpack"
    exact = msgspec.msgpack.decode(packed.body, type=EntryList)
    assert [repr(entry.value) for entry in exact.value] == [repr(value) for value in values]
    assert [entry.position for entry in exact.value] == list(range(7))
    assert exact.value[0].time == 1.5


def test_metrics_are_summed_up(api: Api, run: str):
    api.log(run, batch(3, -1, math.nan))
    api.log(run, batch({"a": [1, math.inf]}, kind="table", name="t", sequence=2))
    scalar, table = api.done("GET", f"{run}/metrics")["value"]
    assert (scalar["count"], scalar["minimum"], scalar["maximum"]) == (3, -1, 3)
    assert scalar["last"] == "NaN"
    assert table["last"] == {"a": [1, "Infinity"]}
    packed = api.ask("GET", f"{run}/metrics", headers=(TAKES_MSGPACK,))
    exact = msgspec.msgpack.decode(packed.body, type=MetricList)
    assert exact.value[1].last == {"a": [1, math.inf]}


def test_json_is_taken_too(api: Api, run: str):
    body = {"writer": "w", "sequence": 1, "points": [["m", "list", [1, None, "x"], 3, 0]]}
    assert api.done("POST", f"{run}/metrics", body)["stored"] is True
    [entry] = api.done("GET", f"{run}/metrics/entries?name=m")["value"]
    assert (entry["value"], entry["step"], entry["kind"]) == ([1, None, "x"], 3, "list")


@pytest.mark.parametrize(
    ("point", "code"),
    [
        (["m", "scalar", [1], None, 0], "InvalidMetricValue"),
        (["m", "scaler", 1, None, 0], "InvalidKind"),
        (["m", "scalar", 1, -1, 0], "InvalidStep"),
        (["m", "scalar", 1, 1.5, 0], "InvalidType"),
        (["m", "scalar", 1, "1", 0], "InvalidType"),
        (["m", "scalar", 1, True, 0], "InvalidType"),
        (["m", "scalar", 1, 2**63, 0], "InvalidStep"),
        (["m", "scalar", 1, None, 1e300], "InvalidTime"),
        (["m", "scalar", 1, None, math.nan], "InvalidTime"),
        (["m" * 1024, "scalar", 1, None, 0], "InvalidName"),
        (["a/../b", "scalar", 1, None, 0], "InvalidName"),
        (["m", "table", {"a": [1], "b": []}, None, 0], "RaggedTable"),
        (["m", "image", "../x", None, 0], "InvalidPath"),
        (["m", "scalar", 2**64 - 1, None, 0], "NumberOutOfRange"),
        (["m", "scalar", 1, None], "InvalidType"),
        (["m", "scalar", 1, None, 0, 0], "InvalidType"),
    ],
)
def test_c49_to_c59_points_against_the_rules(api: Api, run: str, point: list, code: str):
    body = {"writer": "w", "sequence": 1, "points": [["ok", "scalar", 1, None, 0], point]}
    packed = msgspec.msgpack.encode(body)
    reply = api.ask(
        "POST", f"{run}/metrics", packed, headers=((b"content-type", b"application/vnd.msgpack"),)
    )
    assert (reply.status, reply.code) == (400, code)
    assert api.done("GET", f"{run}/metrics")["value"] == []


def test_c54_at_most_ten_thousand_points(api: Api, run: str):
    reply = api.log(run, batch(*range(10_001)))
    assert (reply.status, reply.code) == (400, "TooManyPoints")


def test_c57_nothing_is_logged_after_the_end(api: Api, run: str):
    api.done("POST", f"{run}/end", {"state": "Failed"})
    reply = api.log(run, batch(1))
    assert (reply.status, reply.code) == (409, "RunIsTerminal")


def test_a30_a_batch_has_no_other_fields(api: Api, run: str):
    body = {"writer": "w", "sequence": 1, "points": [], "run_id": "other"}
    assert api.refused("POST", f"{run}/metrics", body) == (400, "UnknownField")


def test_entries_are_read_in_pages_and_samples(api: Api, run: str):
    api.log(run, batch(*range(100), name="a"))
    api.log(run, batch(*range(10), name="b", sequence=2))
    values, token = [], ""
    while token is not None:
        after = token and "&after=" + token
        page = api.done("GET", f"{run}/metrics/entries?limit=33{after}")
        values += [(entry["name"], entry["value"]) for entry in page["value"]]
        token = page["next"]
    assert values == [("a", n) for n in range(100)] + [("b", n) for n in range(10)]
    first = api.done("GET", f"{run}/metrics/entries?limit=33")["next"]
    refused = api.refused("GET", f"{run}/metrics/entries?name=a&after={first}")
    assert refused == (400, "InvalidContinuation")
    sample = api.done("GET", f"{run}/metrics/sample?name=a&size=5")["value"]
    assert [sample[0]["value"], sample[-1]["value"], len(sample)] == [0, 99, 5]
    assert api.ask("GET", f"{run}/metrics/sample").status == 400
    assert api.ask("GET", f"{run}/metrics/sample?name=a&size=0").status == 400


def test_columns_are_the_same_as_points(api: Api, run: str):
    columns = Columns(
        names=["a", "b"],
        order=[0, 1, 0],
        times=[1.5, 2.5, 3.5],
        values=[0.5, [1, "x"], 7],
        steps=[None, 4, None],
        kinds=["scalar", "list", "scalar"],
    )
    reply = api.log(run, BatchIn(writer="w", sequence=1, columns=columns))
    assert reply.json == {"sequence": 1, "stored": True}
    body = {"writer": "w", "sequence": 2, "columns": {"names": ["a"], "times": [4], "values": [1]}}
    assert api.done("POST", f"{run}/metrics", body)["stored"] is True
    found = api.done("GET", f"{run}/metrics/entries")["value"]
    assert [(one["name"], one["kind"], one["value"], one["step"]) for one in found] == [
        ("a", "scalar", 0.5, None),
        ("b", "list", [1, "x"], 4),
        ("a", "scalar", 7, None),
        ("a", "scalar", 1, None),
    ]


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"names": ["a"], "times": [1], "values": []}, "InvalidBatch"),
        ({"names": ["a"], "times": [1], "values": [1], "order": [5]}, "InvalidBatch"),
        ({"names": ["a"], "times": [1], "values": [1], "order": ["0"]}, "InvalidType"),
        ({"names": ["a"], "times": [math.nan], "values": [1]}, "InvalidTime"),
        ({"names": ["a"], "times": [math.inf], "values": [1]}, "InvalidTime"),
        ({"names": ["a"], "times": [1e300], "values": [1]}, "InvalidTime"),
        ({"names": ["a"], "times": [1], "values": [None]}, "InvalidMetricValue"),
        ({"names": ["a"], "times": [1], "values": [1], "steps": [-1]}, "InvalidStep"),
        ({"names": ["a"], "times": [1], "values": [1], "kinds": ["scaler"]}, "InvalidKind"),
        ({"names": ["a/.."], "times": [1], "values": [1]}, "InvalidName"),
        ({"names": ["a"], "times": [1], "values": [1], "writer": "w"}, "UnknownField"),
    ],
    ids=str,
)
def test_columns_against_the_rules(api: Api, run: str, columns: dict, code: str):
    packed = msgspec.msgpack.encode({"writer": "w", "sequence": 1, "columns": columns})
    reply = api.ask(
        "POST", f"{run}/metrics", packed, headers=((b"content-type", b"application/vnd.msgpack"),)
    )
    assert (reply.status, reply.code) == (400, code)
    both = {"writer": "w", "sequence": 1, "points": [["m", "scalar", 1, None, 0]]}
    fine = {"names": ["a"], "times": [1], "values": [1]}
    refused = api.refused("POST", f"{run}/metrics", {**both, "columns": fine})
    assert refused == (400, "InvalidBatch")
