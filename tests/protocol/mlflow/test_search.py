import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol.mlflow.conftest import OWNER_OF_TESTS, Mlflow
from zaffre.domain.errors import InvalidError
from zaffre.domain.metrics import MetricBatch, MetricKind, MetricPoint
from zaffre.protocols.mlflow.grammar.runs import run_conditions, run_order

DENIED = (400, "INVALID_PARAMETER_VALUE")
LOSSES = {"a": 0.5, "b": float("nan"), "c": float("-inf"), "d": None}
INPUT = {"name": "data", "digest": "1", "source_type": "local", "source": "{}"}


@pytest.fixture
def filled(mlflow: Mlflow) -> Mlflow:
    """Return a workspace with the runs a, b, c and d, d being the latest."""
    workspace = mlflow.use(lambda s: s.workspaces.list(caller=OWNER_OF_TESTS))[0].id
    for number, (name, loss) in enumerate(LOSSES.items()):
        tags = [{"key": "Team", "value": f"Red_{name}"}, {"key": "mlflow.user", "value": "eve"}]
        body = {"experiment_id": "0", "start_time": 1000 + number, "run_name": name, "tags": tags}
        run_id = mlflow.done("POST", "runs/create", body)["run"]["info"]["run_id"]
        param = {"run_id": run_id, "key": "learning rate", "value": str(number)}
        mlflow.done("POST", "runs/log-parameter", param)
        if loss is not None:
            time = mlflow.doors.house.clock.now()
            point = MetricPoint("loss", MetricKind.SCALAR, loss, 1, time)
            batch = MetricBatch.of("writer", 1, [point])
            mlflow.use(
                lambda s, r=run_id, b=batch: s.metrics.append(
                    workspace, r, b, caller=OWNER_OF_TESTS
                )
            )
    ended = {"run_id": run_id, "status": "FINISHED", "end_time": 2000}
    mlflow.done("POST", "runs/update", ended)
    read = {"tags": [{"key": "mlflow.data.context", "value": "train"}], "dataset": INPUT}
    mlflow.done("POST", "runs/log-inputs", {"run_id": run_id, "datasets": [read]})
    return mlflow


def found(mlflow: Mlflow, text: str = "", **more: object) -> str:
    body = {"experiment_ids": ["0", "absent"], "filter": text, **more}
    runs = mlflow.done("POST", "runs/search", body).get("runs", [])
    return "".join(run["info"]["run_name"] for run in runs)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "dcba"),
        ("metrics.loss < 1", "ca"),
        ("metric.loss = 0.5", "a"),
        ("metrics.loss != 0.5", "cb"),
        ("metrics.loss = -inf", "c"),
        ("metrics.loss >= nan", ""),
        ("params.`learning rate` = '2'", "c"),
        ("parameters.\"learning rate\" != '2'", "dba"),
        ("param.'learning rate' LIKE '_' AND run.start_time >= 1002", "dc"),
        ("params.absent IS NULL", "dcba"),
        ("params.`learning rate` IS NOT NULL and tags.Team IS NULL", ""),
        ("tags.Team = 'Red_a'", "a"),
        ("tags.Team != 'Red_a'", "dcb"),
        ("tags.Team LIKE 'Red%'", "dcba"),
        ("tags.Team LIKE 'red%'", ""),
        ("tags.Team ILIKE 'RED\\_%'", ""),
        ("tag.Team ilike 'RED_%'", "dcba"),
        ("tags.mlflow.user = 'eve'", "dcba"),
        ("user_id = 'owner'", ""),
        ("attributes.run_name IN ('a', 'b')", "ba"),
        ("run_name NOT IN ('a', 'b')", "dc"),
        ('attr.`Run name` = "a"', "a"),
        ("status = 'FINISHED'", "d"),
        ("attribute.status != 'FINISHED'", "cba"),
        ("status LIKE 'RUN%'", "cba"),
        ("start_time > 1001 and created <= 1002", "c"),
        ("start_time != 1001", "dca"),
        ("end_time = 2000", "d"),
        ("datasets.name = 'data' and dataset.digest LIKE '1'", "d"),
        ("dataset.context IN ('train', 'x')", "d"),
        ("dataset.context != 'train'", ""),
        ("tags.`mlflow.parentRunId` IS NULL", "dcba"),
        ("params.`learning rate` = '2' and tags.Team = 'Red_a'", ""),
    ],
)
def test_runs_are_found(filled: Mlflow, text: str, names: str):
    assert found(filled, text) == names


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (["metrics.loss"], "cabd"),
        (["metrics.loss DESC"], "acbd"),
        (["params.`learning rate` ASC"], "abcd"),
        (["tags.Team desc"], "dcba"),
        (["attributes.start_time"], "abcd"),
        (["start_time DESC"], "dcba"),
        (["end_time ASC", "run_name ASC"], "dabc"),
        (["status ASC", "attributes.run_name DESC"], "dcba"),
        (["user_id", "metrics.absent", "start_time asc"], "abcd"),
    ],
    ids=str,
)
def test_runs_are_sorted_and_cut_into_pages(filled: Mlflow, order: list[str], names: str):
    assert found(filled, order_by=order) == names
    shown, token = "", ""
    while token is not None:
        body = {"experiment_ids": ["0"], "order_by": order, "max_results": 1, "page_token": token}
        page = filled.done("POST", "runs/search", body)
        shown += "".join(run["info"]["run_name"] for run in page["runs"])
        token = page.get("next_page_token")
    assert shown == names


def test_a_run_of_a_page_is_whole(filled: Mlflow):
    body = {"experiment_ids": ["0"], "filter": "run_name = 'b'"}
    (run,) = filled.done("POST", "runs/search", body)["runs"]
    alone = filled.done("GET", "runs/get", {"run_id": run["info"]["run_id"]})["run"]
    assert run == alone
    assert run["data"]["metrics"][0]["value"] == "NaN"


def test_deleted_runs_are_found_on_demand(filled: Mlflow):
    body = {"experiment_ids": ["0"], "filter": "run_name = 'b'"}
    (run,) = filled.done("POST", "runs/search", body)["runs"]
    filled.done("POST", "runs/delete", {"run_id": run["info"]["run_id"]})
    assert found(filled) == "dca"
    assert found(filled, run_view_type="DELETED_ONLY") == "b"
    assert found(filled, run_view_type=3) == "dcba"


def test_runs_of_many_experiments_are_in_one_order(filled: Mlflow):
    ids = ["0"]
    for number in range(20):
        made = filled.done("POST", "experiments/create", {"name": f"e{number}"})
        ids.append(made["experiment_id"])
        body = {"experiment_id": ids[-1], "start_time": 5000 - number, "run_name": f"<{number}>"}
        filled.done("POST", "runs/create", body)
    few = found(filled, experiment_ids=ids[:4])
    many = found(filled, experiment_ids=ids)
    assert few == "<0><1><2>dcba"
    assert many == "".join(f"<{number}>" for number in range(20)) + "dcba"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"filter": "metrics.x"}, "comparison"),
        ({"filter": "metrics.x > 'a'"}, "metrics.x"),
        ({"filter": "metrics.x LIKE 'a'"}, "LIKE"),
        ({"filter": "params.x > 1"}, ">"),
        ({"filter": "params.x = 1"}, "params.x"),
        ({"filter": "nothing.x = 1"}, "nothing"),
        ({"filter": "size = 1"}, "size"),
        ({"filter": "run_id = 'b' or run_id = 'd'"}, "`or`"),
        ({"filter": "run_id IN ()"}, "`)`"),
        ({"filter": "run_id == 'b'"}, "`==`"),
        ({"filter": "run_id = 'b"}, "`'b`"),
        ({"filter": "datasets.size = 'x'"}, "size"),
        ({"filter": "run_id = 'x' and " * 60 + "run_id = 'x'"}, "conditions"),
        ({"order_by": ["metrics.x", "metrics.x DESC"]}, "duplicate"),
        ({"order_by": ["metrics.x UP"]}, "metrics.x UP"),
        ({"order_by": ["datasets.name"]}, "datasets.name"),
        ({"max_results": 0}, "max_results"),
        ({"max_results": 50001}, "50001"),
        ({"page_token": "AAAA"}, "AAAA"),
        ({"run_view_type": 9}, "9"),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_a_search_that_means_nothing_says_so(filled: Mlflow, body: dict, named: str):
    reply = filled.ask("POST", "runs/search", {"experiment_ids": ["0"], **body})
    assert (reply.status, reply.json["error_code"]) == DENIED
    assert named in reply.json["message"]


@pytest.mark.parametrize(
    "text",
    ["(" * 60_000, "a" * 70_000, "params.`" * 8_000, "'a' " * 15_000],
    ids=lambda text: text[:8],
)
def test_a52_long_filters_are_refused_at_once(mlflow: Mlflow, text: str):
    body = {"experiment_ids": ["0"], "filter": text}
    assert mlflow.refused("POST", "runs/search", body) == DENIED


def test_a52_many_experiments_and_large_pages_are_bounded(mlflow: Mlflow):
    ids = [f"{number:032x}" for number in range(20_000)]
    assert mlflow.done("POST", "runs/search", {"experiment_ids": ids}) == {"runs": []}
    body = {"experiment_ids": ["0"], "max_results": 10**9}
    assert mlflow.refused("POST", "runs/search", body) == DENIED


PIECES = st.sampled_from(
    [
        "metrics",
        ".",
        "x",
        "`a",
        "b`",
        '"q"',
        "'t'",
        "=",
        "!=",
        "<",
        "IN",
        "NOT",
        "IS",
        "NULL",
        "LIKE",
        "and",
        "(",
        ")",
        ",",
        "1",
        "-1e9",
        "nan",
        "run_id",
        "status",
        "params.p",
        "tags.t",
    ]
)


@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=20).map(" ".join)))
def test_whatever_is_sent_is_understood_or_refused(text: str):
    for read in (run_conditions, lambda entry: run_order([entry])):
        with contextlib.suppress(InvalidError):
            read(text)
