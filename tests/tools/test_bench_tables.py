"""tools/bench_tables.py: a record's table, in Markdown and in a notebook."""

import bench_tables
import nbformat

from cifarlib import bench
from cifarlib.bench import records

KEPT = bench.Bench(
    "training", "2026-11-30T01:49:25Z", "typed", "an abacus", {},
    runs=[{"contender": "sprint", "precision": "float32", "seconds": 9.0, "accuracy": 0.7,
           "hardware": "an abacus", "versions": {"keras": "3.15.1"}}],
)  # fmt: skip
ASKED = "Times:\n\n<!-- bench kept -->\n<!-- /bench -->\n"


def test_markdown_and_notebooks_get_the_table_once(tmp_path):
    records.write(tmp_path / "kept.json", KEPT)
    text, page = tmp_path / "README.md", tmp_path / "page.ipynb"
    text.write_text(ASKED, encoding="utf-8")
    cells = [nbformat.v4.new_markdown_cell(ASKED), nbformat.v4.new_code_cell(f"'''{ASKED}'''")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), page)
    for path in (text, page):
        assert bench_tables.fill(path, tmp_path) and not bench_tables.fill(path, tmp_path)
    found = nbformat.read(page, as_version=4).cells
    for source in (text.read_text(encoding="utf-8"), found[0].source):
        assert f"<!-- bench kept -->\n{bench.table(KEPT)}\n<!-- /bench -->" in source
    assert found[1].source == cells[1].source


def test_a_file_without_tables_is_left_alone(tmp_path, capsys):
    path = tmp_path / "README.md"
    path.write_bytes(b"no table\r\n")
    bench_tables.main([str(path)])
    assert capsys.readouterr().out == f"{path}: nothing to do\n"
    assert path.read_bytes() == b"no table\r\n"
