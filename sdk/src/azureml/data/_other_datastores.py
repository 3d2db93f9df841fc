"""Datastores that Azure ML does not have: S3, Google Cloud Storage, folders of the server."""

from __future__ import annotations

from typing import Any

from azureml.data._file_datastore import FileDatastore


class S3Datastore(FileDatastore):
    """A bucket of S3, or of a storage that speaks as S3 does."""

    def __init__(
        self,
        workspace: Any,
        name: str,
        bucket_name: str,
        region: str | None = None,
        endpoint: str | None = None,
    ) -> None:
        super().__init__(workspace, name, "S3")
        self.bucket_name = bucket_name
        self.region = region
        self.endpoint = endpoint

    def _described(self) -> dict[str, Any]:
        return {
            "bucket_name": self.bucket_name,
            "region": self.region,
            "endpoint": self.endpoint,
        }


class GcsDatastore(FileDatastore):
    """A bucket of Google Cloud Storage."""

    def __init__(
        self, workspace: Any, name: str, bucket_name: str, endpoint: str | None = None
    ) -> None:
        super().__init__(workspace, name, "GCS")
        self.bucket_name = bucket_name
        self.endpoint = endpoint

    def _described(self) -> dict[str, Any]:
        return {"bucket_name": self.bucket_name, "endpoint": self.endpoint}


class LocalDatastore(FileDatastore):
    """A folder of the server's machine, below one that the server was given.

    Attributes:
        root: The name under which the server was given it.
        folder: Below that.
    """

    def __init__(self, workspace: Any, name: str, root: str, folder: str = "") -> None:
        super().__init__(workspace, name, "Local")
        self.root = root
        self.folder = folder

    def _described(self) -> dict[str, Any]:
        return {"root": self.root, "folder": self.folder}
