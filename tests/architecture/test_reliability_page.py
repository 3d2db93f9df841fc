"""The page about reliability and the tests know each other."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "internals" / "reliability.md"
TEST = re.compile(r"^\s*(?:async )?def (test_\w+)", re.MULTILINE)
# `test_c39_to_c45_…` and `test_c21_c22_…` bear several ids.
IDS = re.compile(r"test((?:_(?:to_)?[arc]\d{2,3})+)_")
ROW = re.compile(r"^\| ([ARC]-\d+) \|", re.MULTILINE)
PROOF = re.compile(r"\[(test_\w+)\]\(([^)]+)\)")


def by_file() -> dict[Path, set[str]]:
    files = (ROOT / "tests").rglob("test_*.py")
    return {path: set(TEST.findall(path.read_text())) for path in files}


def ids_of(test: str) -> set[str]:
    found = IDS.match(test)
    if found is None:
        return set()
    return {f"{word[0].upper()}-{word[1:]}" for word in re.findall(r"[arc]\d+", found.group(1))}


def test_every_id_in_the_name_of_a_test_is_a_row():
    rows = ROW.findall(PAGE.read_text())
    assert len(rows) == len(set(rows))
    used = {
        named: test for tests in by_file().values() for test in tests for named in ids_of(test)
    }
    absent = {named: test for named, test in used.items() if named not in rows}
    assert absent == {}, f"rows are missing in {PAGE.name}: say what is promised, and the test"


def test_every_test_on_the_page_exists():
    tests = by_file()
    proofs = PROOF.findall(PAGE.read_text())
    assert len(proofs) > 100
    gone = [
        (test, target)
        for test, target in proofs
        if test not in tests.get((PAGE.parent / target).resolve(), set())
    ]
    assert gone == []


def test_every_row_has_a_proof_or_says_that_it_has_none():
    rows = [line for line in PAGE.read_text().splitlines() if ROW.match(line)]
    bare = [row for row in rows if not PROOF.search(row) and not row.endswith("| not yet |")]
    assert bare == []
