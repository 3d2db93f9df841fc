# ruff: noqa: E501 - the programs are as people have written them
"""Programs on data as people have written them for v1, against a real server."""

import os
from textwrap import dedent

import pytest
from azureml.core import Dataset, Datastore

LAB_HEADER = (
    "PatientID,Pregnancies,PlasmaGlucose,DiastolicBloodPressure,TricepsThickness,SerumInsulin,"
    "BMI,DiabetesPedigree,Age,Diabetic\n"
)

# Cells of a notebook of a course on v1; they run one after the other with one workspace.
LAB = [
    """
    # Get the default datastore
    default_ds = ws.get_default_datastore()

    # Enumerate all datastores, indicating which is the default
    for ds_name in ws.datastores:
        print(ds_name, "- Default =", ds_name == default_ds.name)
    """,
    """
    default_ds.upload_files(files=['./data/diabetes.csv', './data/diabetes2.csv'], # Upload the diabetes csv files in /data
                           target_path='diabetes-data/', # Put it in a folder path in the datastore
                           overwrite=True, # Replace existing files of the same name
                           show_progress=True)
    """,
    """
    from azureml.core import Dataset

    # Get the default datastore
    default_ds = ws.get_default_datastore()

    #Create a tabular dataset from the path on the datastore (this may take a short while)
    tab_data_set = Dataset.Tabular.from_delimited_files(path=(default_ds, 'diabetes-data/*.csv'))

    # Display the first 20 rows as a Pandas dataframe
    tab_data_set.take(20).to_pandas_dataframe()
    """,
    """
    #Create a file dataset from the path on the datastore (this may take a short while)
    file_data_set = Dataset.File.from_files(path=(default_ds, 'diabetes-data/*.csv'))

    # Get the files in the dataset
    for file_path in file_data_set.to_path():
        print(file_path)
    """,
    """
    # Register the tabular dataset
    try:
        tab_data_set = tab_data_set.register(workspace=ws,
                                            name='diabetes dataset',
                                            description='diabetes data',
                                            tags = {'format':'CSV'},
                                            create_new_version=True)
    except Exception as ex:
        print(ex)

    # Register the file dataset
    try:
        file_data_set = file_data_set.register(workspace=ws,
                                                name='diabetes file dataset',
                                                description='diabetes files',
                                                tags = {'format':'CSV'},
                                                create_new_version=True)
    except Exception as ex:
        print(ex)

    print('Datasets registered')
    """,
    """
    print("Datasets:")
    for dataset_name in list(ws.datasets.keys()):
        dataset = Dataset.get_by_name(ws, dataset_name)
        print("\\t", dataset.name, 'version', dataset.version)
    """,
    """
    for n in ws.datastores:
        d = Datastore.get(ws, n)
        print(d.name, ':', d.datastore_type)
    if 'diabetes dataset' not in ws.datasets:
        raise AssertionError
    print(ws.datasets.get("diabetes dataset").name)
    """,
]

SEEDS = [
    """
    for ds_name in ws.datastores: print(ds_name)
    blob_store = Datastore.get(ws, datastore_name='workspaceblobstore')
    default_store = ws.get_default_datastore()
    ws.set_default_datastore('workspaceblobstore')
    blob_ds = blob_store
    blob_ds.upload(src_dir='files', target_path='/data/files', overwrite=True, show_progress=True)
    blob_ds.download(target_path='downloads', prefix='/data', show_progress=True)
    """,
    """
    csv_paths = [(blob_ds, 'data/files/current_data.csv'), (blob_ds, 'data/files/archive/*.csv')]
    tab_ds = Dataset.Tabular.from_delimited_files(path=csv_paths)
    tab_ds = tab_ds.register(workspace=ws, name='csv_table')
    """,
    """
    file_ds = Dataset.File.from_files(path=(blob_ds, 'data/files/images/*.jpg'))
    file_ds = file_ds.register(workspace=ws, name='img_files')
    ds1 = ws.datasets['csv_table']
    ds2 = Dataset.get_by_name(ws, 'img_files')
    """,
    """
    img_paths = [(blob_ds, 'data/files/images/*.jpg'), (blob_ds, 'data/files/images/*.png')]
    file_ds = Dataset.File.from_files(path=img_paths)
    file_ds = file_ds.register(workspace=ws, name='img_files', create_new_version=True)
    img_ds = Dataset.get_by_name(workspace=ws, name='img_files', version=2)
    df = tab_ds.to_pandas_dataframe()
    for file_path in file_ds.to_path():
        print(file_path)
    """,
    """
    for name, datastore in ws.datastores.items(): print(name, datastore.datastore_type)
    workspace = ws
    datastore = Datastore(workspace, name='workspaceblobstore')
    datastore.upload(src_dir='local_directory', target_path='target_path_on_datastore', overwrite=True, show_progress=True)
    data = Dataset.File.from_files(path=(datastore, 'target_path_on_datastore'))
    sample = data.take_sample(0.5)
    sub_sample = sample.take(30).download()
    train_set, val_set = data.random_split(0.8, seed=123)
    train_reg = train_set.register(workspace=workspace, name='digits_train', description='training data')
    for name, dataset in ws.datasets.items(): print(name)
    """,
]


@pytest.fixture
def program(workspace, tmp_path, monkeypatch):
    """Runs pieces of a program one after the other, in a folder with data."""
    monkeypatch.chdir(tmp_path)
    names = {"ws": workspace, "Dataset": Dataset, "Datastore": Datastore}

    def run(pieces):
        for piece in pieces:
            exec(dedent(piece), names)  # noqa: S102 - the programs of this file
        return names

    return run


def patients(count, start):
    rows = (
        f"{start + n},{n % 5},{90 + n},80,30,{n}.5,{20 + n}.25,0.3,{20 + n},{n % 2}"
        for n in range(count)
    )
    return LAB_HEADER + "\n".join(rows) + "\n"


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - a short helper
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123 - a short helper
        file.write(content)


def test_the_cells_of_the_lab_on_data(program, capsys):
    write("data/diabetes.csv", patients(30, 1000))
    write("data/diabetes2.csv", patients(20, 2000))

    names = program(LAB)

    said = capsys.readouterr().out.splitlines()
    assert "workspaceblobstore - Default = True" in said
    assert "workspacefilestore - Default = False" in said
    assert [line for line in said if line.startswith("/")] == ["/diabetes.csv", "/diabetes2.csv"]
    assert "\t diabetes dataset version 1" in said
    assert "\t diabetes file dataset version 1" in said
    assert "workspacefilestore : AzureFile" in said
    frame = names["tab_data_set"].to_pandas_dataframe()
    assert frame.shape == (50, 10)
    assert frame["Diabetic"].tolist()[:2] == [0, 1]
    assert frame["Diabetic"].dtype == "int64"
    assert frame["BMI"].dtype == "float64"


def test_the_programs_that_register_and_divide(program, capsys):
    write("files/current_data.csv", "a,b\n1,x\n")
    write("files/archive/old.csv", "a,b\n2,y\n")
    write("files/archive/older.csv", "a,b\n3,z\n")
    for name in ("a.jpg", "b.jpg", "c.png"):
        write(f"files/images/{name}", name)
    for number in range(40):
        write(f"local_directory/{number % 10}/{number}.png", str(number))

    names = program(SEEDS)

    said = capsys.readouterr().out.splitlines()
    assert os.path.exists("downloads/data/files/archive/old.csv")  # noqa: PTH110 - as the program
    assert names["df"]["a"].tolist() == [1, 2, 3]
    assert names["ds1"].version == 1
    assert names["img_ds"].version == 2
    assert len(names["ds2"].to_path()) == 2
    assert [line for line in said if line.startswith("/workspaceblobstore/data/files/images")]
    assert len(names["sub_sample"]) <= 30
    train, rest = names["train_set"].to_path(), names["val_set"].to_path()
    assert len(train) + len(rest) == 40
    assert names["train_reg"].to_path() == train
    assert {"csv_table", "img_files", "digits_train"} <= set(said)
