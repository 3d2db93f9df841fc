from zaffre.adapters.builders.settings import index_settings, uv_environ


def test_a43_uv_sees_little_of_the_server():
    seen = uv_environ({"HOME": "/h", "PATH": "/p", "AWS_SECRET": "s", "https_proxy": "http://p"})
    assert seen == {
        "HOME": "/h",
        "PATH": "/p",
        "https_proxy": "http://p",
        "NO_COLOR": "1",
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }


def test_settings_of_pip_are_taken_over():
    environ = {
        "PIP_INDEX_URL": "https://i",
        "PIP_EXTRA_INDEX_URL": "https://a https://b",
        "PIP_FIND_LINKS": "/x /y",
        "PIP_TRUSTED_HOST": "i",
    }
    assert index_settings(environ) == {
        "UV_DEFAULT_INDEX": "https://i",
        "UV_INDEX": "https://a https://b",
        "UV_FIND_LINKS": "/x,/y",
        "UV_INSECURE_HOST": "i",
    }


def test_settings_of_uv_win_over_those_of_pip():
    environ = {"UV_INDEX_URL": "https://uv", "PIP_INDEX_URL": "https://pip"}
    assert index_settings(environ) == {"UV_INDEX_URL": "https://uv"}


def test_credentials_of_a_named_index_reach_uv():
    environ = {"UV_INDEX_HOUSE_PASSWORD": "secret", "UV_PYTHON": "/other"}
    assert index_settings(environ) == {"UV_INDEX_HOUSE_PASSWORD": "secret"}
