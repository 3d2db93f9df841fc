"""Print the sizes of the house: lines per file and per function, broad excepts, inner imports."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

ROOTS = ("sdk/src", "server/src")


def main() -> None:
    """Print one line per distribution."""
    for root in ROOTS:
        files = [path for path in Path(root).rglob("*.py") if "migrations" not in path.parts]
        trees = [ast.parse(path.read_text()) for path in files]
        lines = [len(path.read_text().splitlines()) for path in files]
        functions = [length for tree in trees for length in _function_lengths(tree)]
        excepts = [broad for tree in trees for broad in _excepts(tree)]
        inner = sum(_inner_imports(tree) for tree in trees)
        print(
            f"{root}: {len(files)} files, {sum(lines)} lines; "
            f"lines per file {_spread(lines)}; per function {_spread(functions)}; "
            f"broad excepts {sum(excepts)} of {len(excepts)}; "
            f"inner imports {1000 * inner / max(1, sum(lines)):.2f} per 1000 lines"
        )


def _function_lengths(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            yield node.end_lineno - node.lineno + 1


def _excepts(tree: ast.AST) -> Iterator[bool]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            name = node.type.id if isinstance(node.type, ast.Name) else None
            yield node.type is None or name in {"Exception", "BaseException"}


def _inner_imports(tree: ast.AST) -> int:
    return sum(
        isinstance(inner, ast.Import | ast.ImportFrom)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    )


def _spread(values: list[int]) -> str:
    if not values:
        return "none"
    ordered = sorted(values)
    p90 = ordered[int(0.9 * (len(ordered) - 1))]
    return f"median {statistics.median(ordered):g}, p90 {p90}, max {ordered[-1]}"


if __name__ == "__main__":
    main()
