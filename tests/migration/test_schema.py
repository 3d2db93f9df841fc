"""From an empty file to the present schema, and what is refused."""

import asyncio
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from zaffre.adapters.sql import migrations
from zaffre.adapters.sql.database import HEAD, open_database, prepare
from zaffre.adapters.sql.tables import metadata
from zaffre.domain.errors import ConflictError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "data" / "zaffre.db"


def schema(path: Path) -> dict[str, dict[str, object]]:
    """Return what each table is, however it came to be: a column may have been added later."""
    with closing(sqlite3.connect(path)) as raw:
        tables = raw.execute("SELECT name, wr FROM pragma_table_list WHERE type = 'table'")
        return {
            name: described(raw, name) | {"without_rowid": without_rowid}
            for name, without_rowid in tables.fetchall()
            if not name.startswith("sqlite_")
        }


def described(raw: sqlite3.Connection, table: str) -> dict[str, object]:
    """Return the columns, keys and indexes of a table, in an order that does not matter."""
    columns = raw.execute(
        'SELECT name, upper(type), "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)',
        [table],
    )
    keys = raw.execute(
        'SELECT id, seq, "table", "from", "to", on_update, on_delete'
        " FROM pragma_foreign_key_list(?)",
        [table],
    ).fetchall()
    indexes = raw.execute(
        'SELECT name, "unique", origin, partial FROM pragma_index_list(?)', [table]
    ).fetchall()
    return {
        "columns": sorted(columns.fetchall()),
        "foreign keys": sorted(
            sorted(key[1:] for key in keys if key[0] == number) for number in {k[0] for k in keys}
        ),
        "indexes": sorted(
            (
                # Those that SQLite makes by itself are numbered as they come.
                name if origin == "c" else origin,
                unique,
                partial,
                [
                    (place, column, descending, collation)
                    for place, _, column, descending, collation, is_key in raw.execute(
                        "SELECT * FROM pragma_index_xinfo(?)", [name]
                    )
                    if is_key
                ],
            )
            for name, unique, origin, partial in indexes
        ),
    }


def test_migrating_makes_the_tables_that_the_code_uses(path: Path, tmp_path: Path):
    prepare(path)
    engine = create_engine(f"sqlite:///{tmp_path / 'made.db'}")
    metadata.create_all(engine)
    engine.dispose()

    migrated = schema(path)
    migrated.pop("alembic_version")

    assert migrated == schema(tmp_path / "made.db")


def test_head_is_the_newest_revision():
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    scripts = ScriptDirectory.from_config(config)

    assert scripts.get_current_head() == HEAD
    revisions = [script.revision for script in scripts.walk_revisions()]
    assert revisions == sorted(revisions, reverse=True)
    assert all(re.fullmatch(r"\d{4}", revision) for revision in revisions)


def test_opening_again_changes_nothing_and_does_without_alembic(path: Path):
    prepare(path)
    before = path.read_bytes()
    program = (
        "import sys; from pathlib import Path; from zaffre.adapters.sql.database import prepare\n"
        "prepare(Path(sys.argv[1])); print('alembic' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["False"]
    assert path.read_bytes() == before


def test_processes_that_start_together_migrate_once(path: Path):
    program = (
        "import sys; from pathlib import Path; from zaffre.adapters.sql.database import prepare\n"
        "prepare(Path(sys.argv[1]))"
    )
    processes = [subprocess.Popen([sys.executable, "-c", program, path]) for _ in range(4)]

    assert [process.wait(60) for process in processes] == [0] * 4
    assert "runs" in schema(path)


def test_newer_schema_is_refused(path: Path):
    prepare(path)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
        raw.commit()

    with pytest.raises(ConflictError, match="`9999` of a newer zaffre") as caught:
        open_database(path)

    assert caught.value.code == "SchemaTooNew"
    assert "Install the newer zaffre" in (caught.value.hint or "")


def test_foreign_file_is_refused_and_left_alone(path: Path):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is no database, but it is long enough to be taken for one" * 99)
    before = path.read_bytes()

    with pytest.raises(ConflictError, match="is not a database of zaffre") as caught:
        open_database(path)

    assert caught.value.code == "NotADatabase"
    assert path.read_bytes() == before


def test_failed_migration_leaves_nothing_behind(path: Path, monkeypatch: pytest.MonkeyPatch):
    from alembic import op  # noqa: PLC0415 - a proxy that only works once a migration runs

    make, made = op.create_table, []

    def fail_at_the_fifth(name, *columns, **options):
        made.append(name)
        if len(made) == 5:
            raise OSError("no")
        return make(name, *columns, **options)

    with monkeypatch.context() as patch:
        patch.setattr(op, "create_table", fail_at_the_fifth)
        with pytest.raises(OSError, match="no"):
            prepare(path)

    assert schema(path) == {}
    database = open_database(path)
    asyncio.run(database.close())
    assert "runs" in schema(path)
