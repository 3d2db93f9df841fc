"""Files as v1 programs list, fetch, mount and register them, against a real server."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from azureml.core import Dataset
from azureml.data import FileDataset
from azureml.data.dataset_error_handling import DatasetChangedWarning, DatasetExecutionError
from azureml.exceptions import UserErrorException

PICTURES = {
    f"{label}/{number}.pgm": f"{label}{number}" for label in ("cat", "dog") for number in range(5)
}


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Print nothing."""


@pytest.fixture
def store(workspace):
    return workspace.get_default_datastore()


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "pictures"
    for name, text in PICTURES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def pictures(store, folder, request):
    target = request.node.name
    Dataset.File.upload_directory(str(folder), (store, target), show_progress=False)
    return Dataset.File.from_files((store, f"{target}/**/*.pgm"))


@pytest.fixture
def site(tmp_path):
    """A web server over a folder."""
    (tmp_path / "web").mkdir()
    handler = partial(Silent, directory=str(tmp_path / "web"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield tmp_path / "web", f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_paths_are_below_what_all_have_in_common(store, pictures, request):
    target = request.node.name
    assert pictures.to_path() == sorted(f"/{name}" for name in PICTURES)
    assert Dataset.File.from_files((store, f"{target}/cat/0.pgm")).to_path() == ["/0.pgm"]
    assert Dataset.File.from_files((store, f"{target}/cat")).to_path()[0] == "/0.pgm"
    both = Dataset.File.from_files(
        [(store, f"{target}/cat/0.pgm"), (store, f"{target}/dog/1.pgm")]
    )
    assert both.to_path() == [
        f"/{store.name}/{target}/cat/0.pgm",
        f"/{store.name}/{target}/dog/1.pgm",
    ]


def test_files_are_fetched_where_they_belong(pictures, tmp_path):
    found = pictures.download(str(tmp_path / "here"))

    assert found == sorted(str(tmp_path / "here" / name) for name in PICTURES)
    assert Path(found[0]).read_text() == "cat0"
    with pytest.raises(UserErrorException, match=r"already exists\. Set overwrite=True"):
        pictures.download(str(tmp_path / "here"))
    Path(found[0]).chmod(0o644)
    Path(found[0]).write_text("spoilt")
    assert Path(pictures.download(str(tmp_path / "here"), overwrite=True)[0]).read_text() == "cat0"
    assert Path(pictures.take(1).download()[0]).read_text() == "cat0"


def test_c73_no_files_are_an_error_unless_that_may_be(store):
    nothing = Dataset.File.from_files((store, "nothing/*.pgm"))

    with pytest.raises(DatasetExecutionError, match=r"workspaceblobstore.*nothing/\*\.pgm"):
        nothing.to_path()
    with pytest.raises(DatasetExecutionError, match="nothing"):
        nothing.download()
    assert nothing.download(ignore_not_found=True) == []


def test_a_mount_shows_the_files_for_a_while(pictures):
    with pictures.mount() as mounted:
        folder = Path(mounted.mount_point)
        assert sorted(one.name for one in (folder / "cat").iterdir()) == [
            f"{number}.pgm" for number in range(5)
        ]
        assert (folder / "dog" / "3.pgm").read_text() == "dog3"
    assert not folder.exists()


def test_a_mount_at_a_place_of_ones_own(pictures, tmp_path):
    place = tmp_path / "mounted"
    mount = pictures.mount(str(place))
    mount.start()
    assert len(list(place.rglob("*.pgm"))) == 10
    with pytest.raises(UserErrorException, match="already mounted"):
        mount.start()
    mount.stop()
    assert not any(place.rglob("*.pgm"))
    mount.stop()
    (place / "other").write_text("x")
    with pytest.raises(UserErrorException, match="must be empty"):
        pictures.mount(str(place)).start()


def test_steps_choose_files(pictures):
    assert pictures.take(2).to_path() == ["/cat/0.pgm", "/cat/1.pgm"]
    assert pictures.skip(9).to_path() == ["/dog/4.pgm"]
    first, second = pictures.random_split(0.5, seed=1)
    assert sorted(first.to_path() + second.to_path()) == pictures.to_path()
    assert (
        pictures.take_sample(0.5, seed=2).to_path() == pictures.take_sample(0.5, seed=2).to_path()
    )
    with pytest.raises(ValueError, match="count must be a positive integer"):
        pictures.take(-1)


def test_files_are_filtered_by_their_paths_and_by_what_is_known_of_them(store, pictures, request):
    keyed = Dataset.File.from_files(
        (store, f"{request.node.name}/**/*.pgm"),
        partition_format=request.node.name + "/{label}/{number}.pgm",
    )

    assert keyed.partition_keys == ["label", "number"]
    assert keyed.filter(keyed["label"] == "dog").to_path()[0] == "/dog/0.pgm"
    assert len(keyed.filter(keyed["label"] == "dog").to_path()) == 5
    values = keyed.get_partition_key_values(["label"])
    assert values == [{"label": "cat"}, {"label": "dog"}]
    with pytest.raises(UserErrorException, match=r"\['zz'\] are invalid partition keys"):
        keyed.get_partition_key_values(["zz"])
    assert len(pictures.filter(pictures.file_metadata("Extension") == ".pgm").to_path()) == 10
    small = pictures.filter(pictures.file_metadata("Size") < 4)
    with pytest.raises(UserErrorException, match="`col`"):
        pictures.file_metadata("Colour")
    assert small.to_path() == []


def test_paths_of_another_form_are_refused(store, pictures, request):
    with pytest.raises(UserErrorException, match="validate"):
        Dataset.File.from_files(
            (store, f"{request.node.name}/**/*.pgm"), partition_format="none/{label}/x/{other}.txt"
        )
    unlooked = Dataset.File.from_files(
        (store, f"{request.node.name}/**/*.pgm"), validate=False, partition_format="{a}/x/{b}.txt"
    )
    with pytest.raises(DatasetExecutionError, match=r"cat/0\.pgm"):
        unlooked.get_partition_key_values()
    with pytest.raises(ValueError, match="Invalid partition_format"):
        Dataset.File.from_files((store, "a"), partition_format="no columns.csv")
    with pytest.raises(UserErrorException, match="no partition keys"):
        pictures.get_partition_key_values()


def test_versions_of_files(workspace, store, pictures, folder, request):
    first = pictures.register(workspace, "pictures")
    cats = Dataset.File.from_files((store, f"{request.node.name}/cat/*.pgm"))
    second = cats.register(workspace, "pictures", create_new_version=True)

    assert (first.version, second.version) == (1, 2)
    assert isinstance(workspace.datasets["pictures"], FileDataset)
    assert len(Dataset.get_by_name(workspace, "pictures", version=1).to_path()) == 10
    assert len(workspace.datasets["pictures"].to_path()) == 5
    assert first.data_changed_time.timestamp() > 0

    (folder / "cat" / "9.pgm").write_text("cat9")
    Dataset.File.upload_directory(str(folder), (store, request.node.name), show_progress=False)
    with pytest.warns(DatasetChangedWarning, match=r"1 added: .*cat/9\.pgm"):
        assert len(Dataset.get_by_name(workspace, "pictures").download()) == 6


def test_what_is_sent_is_told(store, folder, capsys):
    made = Dataset.File.upload_directory(str(folder), (store, "told"), pattern="*/cat/*")

    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "Validating arguments.",
        "Arguments validated.",
        "'overwrite' is set to False. Any file already present in the target will be skipped.",
    ]
    assert "Uploading an estimated of 5 files" in lines
    assert lines[-1] == "Creating new dataset"
    assert len(made.to_path()) == 5
    with pytest.raises(UserErrorException, match=r"no file in .*\*\.txt"):
        Dataset.File.upload_directory(
            str(folder), (store, "told"), pattern="*.txt", show_progress=False
        )
    with pytest.raises(UserErrorException, match="no folder"):
        Dataset.File.upload_directory(str(folder / "none"), store, show_progress=False)


def test_files_of_the_web(workspace, site):
    folder, address = site
    (folder / "a b.csv").write_text("n\n1\n2\n")
    url = f"{address}/a%20b.csv"

    files = Dataset.File.from_files(url)
    assert Path(files.download()[0]).read_text() == "n\n1\n2\n"
    table = Dataset.Tabular.from_delimited_files(url)
    assert table.to_pandas_dataframe()["n"].tolist() == [1, 2]
    table.register(workspace, "web")
    assert Dataset.get_by_name(workspace, "web").to_pandas_dataframe()["n"].tolist() == [1, 2]

    (folder / "a b.csv").write_text("n\n1\n2\n3\n")
    with pytest.warns(DatasetChangedWarning, match=r"a%20b\.csv"):
        frame = Dataset.get_by_name(workspace, "web").to_pandas_dataframe()
    assert frame["n"].tolist() == [1, 2, 3]

    files = files.register(workspace, "files of the web")
    (folder / "a b.csv").unlink()
    assert files.download(ignore_not_found=True) == []
    with pytest.raises(UserErrorException, match="nothing at"):
        files.download()


@pytest.mark.usefixtures("pictures")
def test_files_that_a_column_names(store, tmp_path, request):
    (tmp_path / "list").mkdir()
    (tmp_path / "list" / "list.csv").write_text(
        f"file,label\n{store.name}/{request.node.name}/cat/0.pgm,1\n"
        f"{store.name}/{request.node.name}/dog/1.pgm,2\n"
    )
    Dataset.File.upload_directory(str(tmp_path / "list"), (store, "lists"), show_progress=False)
    table = Dataset.Tabular.from_delimited_files((store, "lists/list.csv"))

    assert [Path(one).read_text() for one in table.download("file")] == ["cat0", "dog1"]
    with table.mount("file") as mounted:
        assert len(list(Path(mounted.mount_point).rglob("*.pgm"))) == 2
    with pytest.raises(UserErrorException, match="names no file"):
        table.download("label")


def test_what_is_not_part_of_zaffre_says_so(pictures):
    for refused in (pictures.as_cache, pictures.hydrate):
        with pytest.raises(UserErrorException, match="not part of zaffre"):
            refused("store")
    with pytest.raises(UserErrorException, match=r"Dataset\.Tabular"):
        Dataset.from_pandas_dataframe(None)


def test_the_oldest_api_gives_what_took_its_place(workspace, tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,x\n2,y\n")
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n')
    path = str(tmp_path / "a.csv")

    assert Dataset.auto_read_files(path).to_pandas_dataframe()["a"].tolist() == [1, 2]
    assert Dataset.from_delimited_files(path, header=False).to_pandas_dataframe().shape == (3, 2)
    lines = Dataset.from_json_files(str(tmp_path / "a.jsonl"))
    assert lines.to_pandas_dataframe()["a"].tolist() == [1]
    assert Dataset.from_binary_files(path).to_path() == ["/a.csv"]
    made = Dataset.auto_read_files(path).register(workspace, "oldest")
    assert Dataset.get(workspace, name="oldest").id == made.id
    assert Dataset.get(workspace, id=made.id).name == "oldest"
    assert "oldest" in [one.name for one in Dataset.list(workspace)]
    with pytest.raises(UserErrorException, match="either `name` or `id`"):
        Dataset.get(workspace)
    with pytest.raises(UserErrorException, match=r"`\.xlsx`"):
        Dataset.auto_read_files(str(tmp_path / "a.xlsx"))
    for given in ({"comment": "#"}, {"skip_rows": 1}):
        with pytest.raises(UserErrorException, match="not part of zaffre"):
            Dataset.from_delimited_files(path, **given)
