from live import until
from zaffre_sdk.runner.server_copy import ServerCopy


def test_the_copy_follows_a_file_that_is_replaced_and_stays_while_there_is_none(tmp_path):
    source = tmp_path / "server.json"
    source.write_text("first")
    copy = ServerCopy(source, tmp_path / "seen")
    try:
        assert copy.file.read_text() == "first"
        source.unlink()
        draft = tmp_path / "draft"
        draft.write_text("second")
        assert copy.file.read_text() == "first"
        draft.replace(source)
        until(lambda: copy.file.read_text() == "second")
    finally:
        copy.close()
