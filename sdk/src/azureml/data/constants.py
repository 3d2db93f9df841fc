"""Names that v1 programs may know."""

from __future__ import annotations

__all__ = ["MANAGED_DATASET", "WORKSPACE_BLOB_DATASTORE", "WORKSPACE_FILE_DATASTORE"]

WORKSPACE_BLOB_DATASTORE = "workspaceblobstore"
WORKSPACE_FILE_DATASTORE = "workspacefilestore"
MANAGED_DATASET = "managed-dataset"
