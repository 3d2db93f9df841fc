"""What is told of files on their way."""

import io

from zaffre_sdk.data.progress import PrintedDownload


def test_files_of_several_places_add_up():
    told = io.StringIO()
    progress = PrintedDownload(told)
    for count, name in ((1, "a"), (2, "b")):
        progress.total(count)
        progress.ended(name)
    assert told.getvalue().splitlines() == [
        "Downloaded a, 1 files out of an estimated total of 1",
        "Downloaded b, 2 files out of an estimated total of 3",
    ]
