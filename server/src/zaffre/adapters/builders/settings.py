"""What uv sees of the server's environment: where packages come from, and little else."""

from collections.abc import Mapping

_PASSED = frozenset({
    "ALL_PROXY", "HOME", "HTTPS_PROXY", "HTTP_PROXY", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME",
    "NETRC", "NO_PROXY", "PATH", "SSL_CERT_DIR", "SSL_CERT_FILE", "SSL_CLIENT_CERT", "TMPDIR",
    "TZ", "USER", "XDG_CACHE_HOME", "XDG_CONFIG_DIRS", "XDG_CONFIG_HOME",
    "UV_CACHE_DIR", "UV_CONCURRENT_BUILDS", "UV_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_INSTALLS",
    "UV_HTTP_CONNECT_TIMEOUT", "UV_HTTP_RETRIES", "UV_HTTP_TIMEOUT", "UV_LINK_MODE",
    "UV_NATIVE_TLS", "UV_OFFLINE", "UV_REQUEST_TIMEOUT", "UV_SYSTEM_CERTS",
})  # fmt: skip
_INDEX = frozenset({
    "UV_CONFIG_FILE", "UV_DEFAULT_INDEX", "UV_EXCLUDE_NEWER", "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS", "UV_INDEX", "UV_INDEX_STRATEGY", "UV_INDEX_URL", "UV_INSECURE_HOST",
    "UV_KEYRING_PROVIDER", "UV_NO_INDEX", "UV_TORCH_BACKEND",
})  # fmt: skip
_INDEX_CREDENTIALS = "UV_INDEX_"  # UV_INDEX_<name>_USERNAME and _PASSWORD

# Settings of pip, which people have made already; what uv calls them, how it separates several,
# and its older name of the same. What is set for uv wins.
_FROM_PIP = {
    "PIP_EXTRA_INDEX_URL": ("UV_INDEX", " ", "UV_EXTRA_INDEX_URL"),
    "PIP_FIND_LINKS": ("UV_FIND_LINKS", ",", ""),
    "PIP_INDEX_URL": ("UV_DEFAULT_INDEX", "", "UV_INDEX_URL"),
    "PIP_NO_INDEX": ("UV_NO_INDEX", "", ""),
    "PIP_TRUSTED_HOST": ("UV_INSECURE_HOST", " ", ""),
}


def index_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what decides where packages come from."""
    chosen = {name: value for name, value in environ.items() if value and _is_index(name)}
    for theirs, (ours, separator, older) in _FROM_PIP.items():
        value = environ.get(theirs, "")
        if value and not chosen.keys() & {ours, older}:
            chosen[ours] = separator.join(value.split()) if separator else value
    return chosen


def uv_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that uv runs in."""
    passed = {name: value for name, value in environ.items() if name.upper() in _PASSED and value}
    return {
        **passed,
        **index_settings(environ),
        "NO_COLOR": "1",
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }


def _is_index(name: str) -> bool:
    return name in _INDEX or name.startswith(_INDEX_CREDENTIALS)
