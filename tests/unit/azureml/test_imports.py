import subprocess
import sys

import azureml.core
import pytest
from azureml.core import Image
from azureml.data import DatacacheStore
from azureml.exceptions import UserErrorException

HEAVY = (
    "numpy",
    "pandas",
    "matplotlib",
    "requests",
    "urllib3",
    "psutil",
    "asyncio",
    "duckdb",
    "pyarrow",
)
PROGRAM = """
import sys
from azureml.core import Dataset, Datastore, Environment, Experiment, Model, Run
from azureml.core import ScriptRunConfig, Workspace
from azureml.core.webservice import AciWebservice
print([name for name in {heavy!r} if name in sys.modules])
"""


def test_imports_stay_light():
    program = PROGRAM.format(heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


@pytest.mark.parametrize("name", azureml.core.__all__)
def test_every_name_of_the_face_is_there(name):
    assert getattr(azureml.core, name) is not None


@pytest.mark.parametrize("kind", [DatacacheStore, Image])
def test_what_is_absent_says_so(kind):
    with pytest.raises(UserErrorException, match="not part of zaffre"):
        kind("workspace")
    with pytest.raises(UserErrorException, match="not part of zaffre"):
        kind.get("workspace")
