"""Files up and down through Azure's own SDK: `python azure_files.py CONNECTION HOW FOLDER NAME`.

It prints how many seconds the files of a folder took. NAME is that of the container. As many files
go at once as with us, and as many parts of a large one.
"""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from azure.storage.blob import BlobServiceClient, ContainerClient

AT_ONCE = 8


def main(connection: str, how: str, folder: str, name: str) -> dict[str, float]:
    """Return the seconds; a container is made to be sent to."""
    service = BlobServiceClient.from_connection_string(connection)
    container = service.get_container_client(name)
    if how == "up":
        container.create_container()
    os.sync()
    began = time.perf_counter()
    HOW[how](container, Path(folder))
    return {"seconds": time.perf_counter() - began}


def up(container: ContainerClient, folder: Path) -> None:
    """Send the files of a folder."""

    def send(path: Path) -> None:
        with path.open("rb") as file:
            name = path.relative_to(folder).as_posix()
            container.upload_blob(name, file, max_concurrency=AT_ONCE)

    files = [path for path in folder.rglob("*") if path.is_file()]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(send, files))


def down(container: ContainerClient, folder: Path) -> None:
    """Bring all files of a container."""

    def fetch(name: str) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            container.download_blob(name, max_concurrency=AT_ONCE).readinto(file)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(fetch, container.list_blob_names()))


HOW = {work.__name__: work for work in (up, down)}

if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
