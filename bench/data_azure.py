"""An Azurite, and who brings files to it and back: Azure's own SDK, and a datastore of ours."""

import json
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from azureml.core import Datastore, Workspace
from azureml.data.azure_storage_datastore import AzureBlobDatastore
from mlflow_servers import free_port
from peers import HERE, environment, said
from waiting import wait_until_listening

ROOT = HERE.parent
ACCOUNT = "devstoreaccount1"
# The well-known key of the emulator, which is no secret.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@dataclass
class AzureSdk:
    """Azure's SDK for blobs, in an environment of its own.

    Attributes:
        folder: Holds what is brought back.
        endpoint: Where the account is.
    """

    folder: Path
    endpoint: str
    container: str = ""

    def __post_init__(self) -> None:
        self._python = environment("azure", "azure-storage-blob")

    def up(self, source: Path) -> float:
        """Send a folder to a new container."""
        self.container = new_container()
        return self._asked("up", source)

    def down(self) -> float:
        """Bring what is in it."""
        back = self.folder / "azure-back"
        shutil.rmtree(back, ignore_errors=True)
        back.mkdir()
        return self._asked("down", back)

    def make(self) -> str:
        """Return the name of a container that is empty."""
        self.container = new_container()
        with_nothing = self.folder / "nothing"
        with_nothing.mkdir(exist_ok=True)
        self._asked("up", with_nothing)
        return self.container

    def _asked(self, how: str, folder: Path) -> float:
        connection = (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
            f"BlobEndpoint=http://{self.endpoint}/{ACCOUNT};"
        )
        answer = said(
            [self._python, "azure_files.py", connection, how, str(folder), self.container]
        )
        return float(json.loads(answer)["seconds"])


def new_container() -> str:
    """Return a name that no container has."""
    return f"bench-{uuid.uuid4().hex[:12]}"


def registered(workspace: Workspace, sdk: AzureSdk) -> AzureBlobDatastore:
    """Return a datastore of ours in a container of the same account."""
    return Datastore.register_azure_blob_container(
        workspace,
        "azurite",
        container_name=sdk.make(),
        account_name=ACCOUNT,
        account_key=KEY,
        protocol="http",
        endpoint=sdk.endpoint,
    )


@contextmanager
def azurite(folder: Path) -> Iterator[str | None]:
    """Run an Azurite over a folder and give its address; None where there is no Node.js for it."""
    subprocess.run([sys.executable, ROOT / "tools" / "bring_azurite.py"], check=True, stdout=2)
    program = ROOT / ".tools" / "azurite" / "node_modules" / ".bin" / "azurite-blob"
    if not program.exists():
        yield None
        return
    port = free_port()
    where = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder)]
    quiet = ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    with subprocess.Popen([program, *where, *quiet], stdout=sys.stderr) as process:
        try:
            wait_until_listening(process, port, seconds=180)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
