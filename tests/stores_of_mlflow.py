"""Small stores of MLflow, written by hand: what its file store and its databases look like."""

import sqlite3
from pathlib import Path

FIRST = "a" * 32
CHILD = "b" * 32
GONE = "c" * 32
LOGGED = "m-" + "d" * 32
STARTED = 1_700_000_000_000

_TABLES = """
CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT, artifact_location TEXT,
    lifecycle_stage TEXT, creation_time BIGINT, last_update_time BIGINT);
CREATE TABLE experiment_tags (key TEXT, value TEXT, experiment_id INTEGER);
CREATE TABLE runs (run_uuid TEXT PRIMARY KEY, name TEXT, user_id TEXT, status TEXT,
    start_time BIGINT, end_time BIGINT, lifecycle_stage TEXT, artifact_uri TEXT,
    experiment_id INTEGER);
CREATE TABLE metrics (key TEXT, value REAL, timestamp BIGINT, run_uuid TEXT, step BIGINT,
    is_nan BOOLEAN);
CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);
CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT);
CREATE TABLE registered_models (name TEXT, creation_time BIGINT, last_updated_time BIGINT,
    description TEXT);
CREATE TABLE model_versions (name TEXT, version INTEGER, creation_time BIGINT,
    last_updated_time BIGINT, description TEXT, current_stage TEXT, source TEXT, run_id TEXT,
    run_link TEXT);
CREATE TABLE registered_model_aliases (alias TEXT, version INTEGER, name TEXT);
"""


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def make_run(folder: Path, run_id: str, **changed: object) -> Path:
    meta = {
        "run_id": run_id,
        "run_name": run_id[0],
        "status": 3,
        "start_time": STARTED,
        "end_time": STARTED + 5000,
        "lifecycle_stage": "active",
        "user_id": "ada",
        "artifact_uri": f"file://{folder / run_id / 'artifacts'}",
        **changed,
    }
    write(folder / run_id / "meta.yaml", "".join(f"{k}: {v}\n" for k, v in meta.items()))
    return folder / run_id


def make_file_store(root: Path) -> Path:
    """Return a store with two experiments, three runs, a dataset and a registered model."""
    one = root / "1"
    write(one / "meta.yaml", "experiment_id: '1'\nname: one/first\nlifecycle_stage: active\n")
    write(one / "tags" / "team", "blue")
    run = make_run(one, FIRST)
    write(run / "params" / "lr", "0.1")
    write(run / "tags" / "mlflow.note.content", "what it is")
    write(run / "tags" / "kind", "good")
    write(run / "metrics" / "val" / "loss", f"{STARTED} 0.5 0\n{STARTED + 1} nan 1\n")
    write(run / "metrics" / "odd", f"{STARTED} -inf -3\n")
    write(run / "artifacts" / "model" / "MLmodel", "flavors: {}\n")
    write(run / "artifacts" / "model" / "weights.bin", "12345")
    write(one / "datasets" / "d1" / "meta.yaml", "name: abc\ndigest: '12'\nsource: s\n")
    write(
        run / "inputs" / "i1" / "meta.yaml", "source_type: DATASET\nsource_id: d1\ntags: {a: b}\n"
    )
    child = make_run(one, CHILD, start_time=STARTED - 1, status=4)
    write(child / "tags" / "mlflow.parentRunId", FIRST)
    gone = root / ".trash" / "2"
    write(gone / "meta.yaml", "experiment_id: '2'\nname: gone\nlifecycle_stage: deleted\n")
    make_run(gone, GONE, lifecycle_stage="deleted", status=5)
    make_model(root / "models" / "clf", f"file:///elsewhere/1/{FIRST}/artifacts/model")
    return root


def make_model(folder: Path, source: str) -> None:
    times = f"creation_timestamp: {STARTED}\nlast_updated_timestamp: {STARTED + 9}\n"
    write(folder / "meta.yaml", f"name: clf\ndescription: a classifier\n{times}")
    write(folder / "aliases" / "champion", "3")
    for number, stage in ((1, "Production"), (2, "Deleted_Internal"), (3, "None")):
        write(
            folder / f"version-{number}" / "meta.yaml",
            f"name: clf\nversion: {number}\ncurrent_stage: {stage}\nsource: {source}\n"
            f"run_id: {FIRST}\n{times}",
        )


def make_database(path: Path, artifacts: Path) -> str:
    """Return the address of a database as version 2.9 writes it, with one run."""
    place = f"file://{artifacts / '1'}"
    write(artifacts / "1" / FIRST / "artifacts" / "model" / "weights.bin", "12345")
    with sqlite3.connect(path) as opened:
        opened.executescript(_TABLES)
        opened.execute("INSERT INTO experiments VALUES (1, 'one', ?, 'active', 0, 0)", [place])
        opened.execute(
            "INSERT INTO runs VALUES (?, 'first', 'ada', 'FINISHED', ?, ?, 'active', ?, 1)",
            [FIRST, STARTED, STARTED + 5000, f"{place}/{FIRST}/artifacts"],
        )
        opened.execute("INSERT INTO params VALUES ('lr', '0.1', ?)", [FIRST])
        for step, value, is_nan in ((1, 0.0, 1), (0, 0.5, 0)):
            row = [value, STARTED + step, FIRST, step, is_nan]
            opened.execute("INSERT INTO metrics VALUES ('loss', ?, ?, ?, ?, ?)", row)
        opened.execute("INSERT INTO registered_models VALUES ('clf', ?, ?, NULL)", [STARTED] * 2)
        opened.execute(
            "INSERT INTO model_versions VALUES ('clf', 4, ?, ?, '', 'Staging', ?, ?, NULL)",
            [STARTED, STARTED, f"{place}/{FIRST}/artifacts/model", FIRST],
        )
        opened.execute("INSERT INTO registered_model_aliases VALUES ('best', 4, 'clf')")
    opened.close()
    return f"sqlite:///{path}"
