"""What a replica finds in its environment: never the server's own."""

from collections.abc import Mapping
from pathlib import Path

from zaffre.ports.replicas import ReplicaOrder

_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
_ALLOWED = frozenset(
    {
        *("PATH", "HOME", "USER", "LANG", "LANGUAGE", "TZ", "TMPDIR"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES"),
        *_PROXIES,
        *(name.upper() for name in _PROXIES),
    }
)


def variables_of(order: ReplicaOrder, server: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a replica.

    Args:
        order: What is started; its own variables win over those of the server.
        server: The environment of the server, of which an allow-list passes.
    """
    passed = {name: value for name, value in server.items() if _passes(name)}
    folder = str(Path(order.python).parent)
    path = f"{folder}:{passed['PATH']}" if passed.get("PATH") else folder
    return {
        **passed,
        "PATH": path,
        **order.variables,
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AML_APP_ROOT": str(order.folder / "source"),
        "AZUREML_ENTRY_SCRIPT": order.entry_script,
        "AZUREML_MODEL_DIR": order.model_dir,
        "ZAFFRE_MODELS_DIR": str(order.folder / "azureml-models"),
    }


def _passes(name: str) -> bool:
    return name in _ALLOWED or name.startswith("LC_")
