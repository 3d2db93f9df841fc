import pytest
from packaging.requirements import Requirement
from zaffre.adapters.builders.azureml import replace


@pytest.mark.parametrize(
    ("line", "extras"),
    [
        ("azureml-defaults", {"data", "defaults"}),
        ("azureml-core==1.43.0", {"defaults"}),
        ("azureml-sdk[automl]", {"data", "defaults"}),
        ("azureml_train_core", {"defaults"}),
        ("azureml-pipeline-steps", {"defaults"}),
        ("azureml-dataprep[pandas,fuse]", {"data", "defaults", "fuse"}),
        ("azureml-dataprep", {"data", "defaults"}),
        ("azureml-dataset-runtime[pandas]", {"data", "defaults"}),
        ("azureml-train-automl-runtime", {"data", "defaults"}),
        ("azureml-contrib-server", {"defaults"}),
        ("AzureML-Widgets", {"defaults"}),
        ("zaffre-sdk==9", set()),
    ],
)
def test_zaffre_sdk_stands_in(line, extras):
    result = replace([Requirement(line), Requirement("numpy")])
    assert [str(requirement) for requirement in result.requirements] == ["numpy"]
    assert set(result.extras) == extras
    assert line.split("=")[0].split("[")[0] in result.notes[0]


@pytest.mark.parametrize(
    "name",
    [
        "azureml-mlflow",
        "azureml-fsspec",
        "azureml-inference-server-http",
        "azureml-ai-monitoring",
        "azure-ai-ml",
        "inference-schema",
    ],
)
def test_what_is_useful_beside_ours_is_kept(name):
    assert [str(each) for each in replace([Requirement(name)]).requirements] == [name]


def test_that_versions_are_not_used_is_said():
    notes = replace([Requirement("azureml-core==1.43.0")]).notes
    assert notes == (
        "zaffre-sdk[defaults] stands in for azureml-core==1.43.0; its version is not used.",
    )


def test_that_the_sdk_is_added_unasked_is_said():
    assert "added" in replace([Requirement("numpy")]).notes[0]
