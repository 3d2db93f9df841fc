import json
import math
import unicodedata

import pytest
from protocol.mlflow.conftest import Mlflow

NOON = 1_700_000_000_123
BAD = (400, "INVALID_PARAMETER_VALUE")
ABSENT = (404, "RESOURCE_DOES_NOT_EXIST")


def metric(value: object, key: str = "m", step: int = 0, at: int = NOON, **more: object):
    return {"key": key, "value": value, "timestamp": at, "step": step, **more}


def history(mlflow: Mlflow, run: str, key: str = "m", **asked: object):
    return mlflow.done("GET", "metrics/get-history", {"run_id": run, "metric_key": key, **asked})


def values(mlflow: Mlflow, run: str, key: str = "m"):
    return [found["value"] for found in history(mlflow, run, key)["metrics"]]


@pytest.fixture
def run(mlflow: Mlflow) -> str:
    return mlflow.run()


def log(mlflow: Mlflow, run: str, *metrics: dict[str, object], **more: object):
    body = {"run_id": run, "metrics": list(metrics), **more}
    return mlflow.done("POST", "runs/log-batch", body)


def test_one_metric_is_logged_and_read(mlflow: Mlflow, run: str):
    assert mlflow.done("POST", "runs/log-metric", {"run_id": run, **metric(0.5, step=3)}) == {}
    body = {"run_uuid": run, **metric("1.5", step=4), "timestamp": str(NOON + 1), "new": 1}
    mlflow.done("POST", "runs/log-metric", body)
    assert history(mlflow, run) == {
        "metrics": [
            {"key": "m", "value": 0.5, "timestamp": NOON, "step": 3},
            {"key": "m", "value": 1.5, "timestamp": NOON + 1, "step": 4},
        ]
    }


def test_c50_not_a_number_and_infinities_are_words(mlflow: Mlflow, run: str):
    for place, word in enumerate(("NaN", "Infinity", "-Infinity")):
        body = {"run_id": run, **metric(word, step=place)}
        mlflow.done("POST", "runs/log-metric", body)
    assert values(mlflow, run) == ["NaN", "Infinity", "-Infinity"]


def test_a_batch_has_metrics_params_and_tags(mlflow: Mlflow, run: str):
    tags = [{"key": "t", "value": "v"}]
    log(mlflow, run, metric(1), metric(2, "n"), params=[{"key": "p", "value": "1"}], tags=tags)
    data = mlflow.done("GET", "runs/get", {"run_id": run})["run"]["data"]
    assert {found["key"]: found["value"] for found in data["metrics"]} == {"m": 1.0, "n": 2.0}
    assert data["params"] == [{"key": "p", "value": "1"}]
    assert {"key": "t", "value": "v"} in data["tags"]


def test_a_batch_is_kept_whole_or_not_at_all(mlflow: Mlflow, run: str):
    log(mlflow, run, params=[{"key": "p", "value": "1"}])
    body = {
        "run_id": run,
        "metrics": [metric(1)],
        "params": [{"key": "p", "value": "2"}],
        "tags": [{"key": "t", "value": "v"}],
    }
    assert mlflow.refused("POST", "runs/log-batch", body) == BAD
    assert values(mlflow, run) == []


def test_a_metric_batch_sent_again_after_a_lost_answer_is_stored_once(mlflow: Mlflow, run: str):
    for _ in range(2):
        log(mlflow, run, metric(1.0), metric(math.pi, "n", 7))
        mlflow.done("POST", "runs/log-metric", {"run_id": run, **metric(2.0, at=NOON + 5)})
    assert values(mlflow, run) == [1.0, 2.0]
    assert values(mlflow, run, "n") == [math.pi]


def test_the_same_number_of_two_logged_models_is_kept_for_both(mlflow: Mlflow, run: str):
    def measured(model_id: str) -> list[float]:
        found = mlflow.done("GET", f"logged-models/{model_id}")["model"]["data"]["metrics"]
        return [one["value"] for one in found]

    body = {"experiment_id": "0", "name": "model"}
    models = [
        mlflow.done("POST", "logged-models", body)["model"]["info"]["model_id"] for _ in range(2)
    ]
    mlflow.done("POST", "runs/log-metric", {"run_id": run, **metric(0.5)})
    for model_id in models * 2:
        said = {"run_id": run, **metric(0.5, model_id=model_id)}
        mlflow.done("POST", "runs/log-metric", said)
    assert [measured(model_id) for model_id in models] == [[0.5], [0.5]]


def test_points_of_one_batch_that_are_alike_are_kept(mlflow: Mlflow, run: str):
    log(mlflow, run, metric(1.0), metric(1.0))
    assert values(mlflow, run) == [1.0, 1.0]


def test_c52_steps_below_zero_are_taken_here(mlflow: Mlflow, run: str):
    log(mlflow, run, metric(1, step=-5), metric(2, step=-(2**63)), metric(3, step=2**63 - 1))
    steps = [found["step"] for found in history(mlflow, run)["metrics"]]
    assert steps == [-5, -(2**63), 2**63 - 1]


def test_c57_a_run_that_has_ended_still_takes_metrics_here(mlflow: Mlflow, run: str):
    mlflow.done("POST", "runs/update", {"run_id": run, "status": "FINISHED"})
    log(mlflow, run, metric(1))
    assert values(mlflow, run) == [1.0]


def test_a_deleted_run_takes_no_metrics(mlflow: Mlflow, run: str):
    mlflow.done("POST", "runs/delete", {"run_id": run})
    body = {"run_id": run, **metric(1)}
    assert mlflow.refused("POST", "runs/log-metric", body) == BAD
    assert mlflow.refused("POST", "runs/log-batch", {"run_id": run, "metrics": [metric(1)]}) == BAD
    assert mlflow.refused("POST", "runs/log-batch", {"run_id": run}) == BAD
    mlflow.done("POST", "runs/restore", {"run_id": run})
    log(mlflow, run, metric(1))


@pytest.mark.parametrize(
    "body",
    [
        {"key": "m", "value": 1, "timestamp": 1},
        {"run_id": "R", "value": 1, "timestamp": 1},
        {"run_id": "R", "key": "m", "timestamp": 1},
        {"run_id": "R", "key": "m", "value": 1},
        {"run_id": "R", "key": "m", "value": "much", "timestamp": 1},
        {"run_id": "R", "key": "m", "value": [1], "timestamp": 1},
        {"run_id": "R", "key": "m", "value": None, "timestamp": 1},
        {"run_id": "R", "key": "m", "value": 1, "timestamp": 2**62},
        {"run_id": "R", "key": "m", "value": 1, "timestamp": -(2**62)},
        {"run_id": "R", "key": "m", "value": 1, "timestamp": 1, "step": 2**63},
        {"run_id": "R", "key": "m", "value": 1, "timestamp": 1, "step": 2**70},
        {"run_id": "R", "key": "m", "value": 1, "timestamp": 1, "step": -(2**70)},
        {"run_id": "R", "key": "m", "value": 1, "timestamp": 1, "step": str(2**70)},
        {"run_id": "R", "key": "m", "value": 1, "timestamp": 1, "step": 0.5},
        {"run_id": "R", "key": "m" * 300, "value": 1, "timestamp": 1},
        {"run_id": "R", "key": "a/../b", "value": 1, "timestamp": 1},
        {"run_id": "R", "key": "", "value": 1, "timestamp": 1},
    ],
    ids=json.dumps,
)
def test_c49_to_c53_metrics_against_the_rules(mlflow: Mlflow, run: str, body: dict):
    given = {key: run if value == "R" else value for key, value in body.items()}
    assert mlflow.refused("POST", "runs/log-metric", given) == BAD


def test_c48_a_run_that_is_not_there(mlflow: Mlflow):
    asked = {"run_id": "none", "metric_key": "m"}
    assert mlflow.refused("POST", "runs/log-metric", {"run_id": "none", **metric(1)}) == ABSENT
    assert mlflow.refused("POST", "runs/log-batch", {"run_id": "none"}) == ABSENT
    assert mlflow.refused("GET", "metrics/get-history", asked) == ABSENT


def test_c54_a_batch_has_a_thousand_entries_at_most(mlflow: Mlflow, run: str):
    body = {"run_id": run, "metrics": [metric(n) for n in range(1001)]}
    reply = mlflow.ask("POST", "runs/log-batch", body)
    assert reply.status == 400
    assert "at most 1000 metrics. Got 1001 metrics." in reply.json["message"]
    pairs = [{"key": f"k{n}", "value": "v"} for n in range(101)]
    assert mlflow.refused("POST", "runs/log-batch", {"run_id": run, "params": pairs}) == BAD
    assert mlflow.refused("POST", "runs/log-batch", {"run_id": run, "tags": pairs}) == BAD
    body = {"run_id": run, "metrics": [metric(n) for n in range(999)], "params": pairs[:2]}
    assert mlflow.refused("POST", "runs/log-batch", body) == BAD
    twice = [{"key": "k", "value": "1"}, {"key": "k", "value": "2"}]
    assert mlflow.refused("POST", "runs/log-batch", {"run_id": run, "params": twice}) == BAD
    log(mlflow, run, *(metric(n, f"m{n}") for n in range(1000)))


def test_a_history_is_read_in_pages(mlflow: Mlflow, run: str):
    for first in (0, 1000):
        log(mlflow, run, *(metric(n, step=n) for n in range(first, first + 1000)))
    found, token, pages = [], None, 0
    while token is not None or not pages:
        asked = (
            {"max_results": 600} if token is None else {"max_results": 600, "page_token": token}
        )
        page = history(mlflow, run, **asked)
        found += [one["value"] for one in page["metrics"]]
        token, pages = page.get("next_page_token"), pages + 1
    assert (found, pages) == ([float(n) for n in range(2000)], 4)
    first = history(mlflow, run, max_results=600)["next_page_token"]
    asked = {"run_id": run, "metric_key": "n", "page_token": first}
    assert mlflow.refused("GET", "metrics/get-history", asked) == BAD
    asked = {"run_id": run, "metric_key": "m", "max_results": 25_001}
    assert mlflow.refused("GET", "metrics/get-history", asked) == BAD
    assert history(mlflow, run, "none") == {"metrics": []}


def test_histories_of_several_runs(mlflow: Mlflow, run: str):
    other = mlflow.run()
    log(mlflow, run, *(metric(n, step=n) for n in range(5)))
    log(mlflow, other, *(metric(n, step=n) for n in range(3)))
    path = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
    asked = {"run_id": [run, other], "metric_key": "m"}
    found = mlflow.done("GET", path, asked)["metrics"]
    assert {one["run_id"] for one in found} == {run, other}
    assert len(found) == 8
    assert len(mlflow.done("GET", path, {**asked, "max_results": 4})["metrics"]) == 4
    assert mlflow.refused("GET", path, {"metric_key": "m"}) == BAD
    assert mlflow.refused("GET", path, {"metric_key": "m", "run_id": ["r"] * 101}) == BAD


def test_samples_of_several_runs_keep_both_ends(mlflow: Mlflow, run: str):
    other = mlflow.run()
    log(mlflow, run, *(metric(n, step=n) for n in reversed(range(100))))
    log(mlflow, other, *(metric(n, step=10 * n) for n in range(10)))
    path = "metrics/get-history-bulk-interval"
    asked = {"run_ids": [run, other], "metric_key": "m", "max_results": 5}

    def steps(**more: object):
        found = mlflow.done("GET", path, {**asked, **more})["metrics"]
        return [
            [one["step"] for one in found if one["run_id"] == run_id] for run_id in (run, other)
        ]

    assert steps() == [[0, 25, 50, 75, 99], [0, 30, 50, 70, 90]]
    first, second = steps(start_step=20, end_step=29)
    assert (first[0], first[-1], len(first)) == (20, 29, 5)
    assert second == [20]
    for bad in (
        {"start_step": 3},
        {"start_step": 3, "end_step": 2},
        {"start_step": 3, "end_step": 2**70},
        {"max_results": 2501},
    ):
        assert mlflow.refused("GET", path, {**asked, **bad}) == BAD


def test_a_name_written_in_another_unicode_form_is_the_same_name(mlflow: Mlflow, run: str):
    apart = unicodedata.normalize("NFD", "Güte")
    log(mlflow, run, metric(0.5, apart), tags=[{"key": apart, "value": "v"}])
    assert values(mlflow, run, apart) == values(mlflow, run, "Güte") == [0.5]
    text = f"metrics.`{apart}` = 0.5 AND tags.`{apart}` = 'v'"
    found = mlflow.done("POST", "runs/search", {"experiment_ids": ["0"], "filter": text})["runs"]
    assert [one["info"]["run_id"] for one in found] == [run]
    tag = {"experiment_id": "0", "key": apart, "value": "v"}
    mlflow.done("POST", "experiments/set-experiment-tag", tag)
    mlflow.done("POST", "experiments/delete-experiment-tag", tag)
