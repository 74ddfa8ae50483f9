"""Rows of CSV, TSV, JSON Lines and Parquet files, and the place each fault is reported at."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from rnncli.datasets.records import read_rows
from rnncli.errors import DataError


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def test_csv_with_quotes_line_breaks_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", '\ufefftext, label\n"a, ""b""\nc",x\n\n,y\n')
    assert list(read_rows(path)) == [
        (2, {"text": 'a, "b"\nc', "label": "x"}),
        (5, {"text": "", "label": "y"}),
    ]


def test_csv_cell_longer_than_pythons_own_limit(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", f"text,label\n{'가' * 200_000},x\n")
    assert len(next(read_rows(path))[1]["text"]) == 200_000


def test_tsv_with_and_without_quoting(tmp_path: Path) -> None:
    quoted = write(tmp_path, "a.tsv", 'text\tlabel\n"say ""hi"""\tx\n')
    assert next(read_rows(quoted))[1]["text"] == 'say "hi"'
    plain = write(tmp_path, "b.tsv", 'text\tlabel\n"open\tx\ntwo\ty\n')
    assert [row["text"] for _, row in read_rows(plain)] == ['"open', "two"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.jsonl.gz"])
def test_json_lines(tmp_path: Path, name: str) -> None:
    path = write(
        tmp_path, name, '{"text": "가\u2028나", "n": 1}\n\n{"text": "\\ud83d\\ude00\\ud800"}\n'
    )
    assert list(read_rows(path)) == [
        (1, {"text": "가\u2028나", "n": 1}),
        (3, {"text": "😀\ufffd"}),
    ]


def test_parquet(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["가", "b"], "label": [0, 1]}), path)
    assert list(read_rows(path)) == [
        (1, {"text": "가", "label": 0}),
        (2, {"text": "b", "label": 1}),
    ]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.jsonl", '{"text": "a"}\n{"text": \n', "a.jsonl:2: not JSON"),
        ("a.jsonl", "[1, 2]\n", "a.jsonl:1: expected an object"),
        ("a.jsonl", "[" * 100_000, "a.jsonl:1: not JSON"),
        ("a.jsonl", f'{{"text": "a", "label": {"1" * 5000}}}\n', "a.jsonl:1: not JSON"),
        ("a.jsonl", b'{"text": "a"}\n' + "가".encode("cp949"), "a.jsonl:2: not UTF-8"),
        ("a.csv", "text,label\na,x\n" + "b\n", "a.csv:3: the row has 1 columns, the header 2"),
        ("a.csv", 'text,label\na,x\n"b,y\n', "a.csv:3: malformed row"),
        ("a.csv", "text,text\na,x\n", "a.csv:1: two columns are called 'text'"),
        ("a.csv", "text,label\n한,x\n".encode("utf-16"), "a.csv:1: not UTF-8"),
        ("a.tsv", "text\tlabel\na\tb\tc\n", "a.tsv:2: the row has 3 columns"),
        ("a.txt", "x", "unknown format '.txt'; expected one of .csv"),
        ("a", "x", "unknown format '(no suffix)'"),
        ("a.parquet", "no parquet", "a.parquet: not a Parquet file"),
    ],
)
def test_faults_are_one_line_with_their_place(
    tmp_path: Path, name: str, content: str | bytes, expected: str
) -> None:
    with pytest.raises(DataError) as caught:
        list(read_rows(write(tmp_path, name, content)))
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_damaged_and_missing_files(tmp_path: Path) -> None:
    whole = gzip.compress(b'{"text": "a", "label": "x"}\n' * 2000)
    for content in (whole[:-20], b"no gzip", whole[:30] + b"\xff" * 40 + whole[70:]):
        path = tmp_path / "a.jsonl.gz"
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"a\.jsonl\.gz: damaged gzip"):
            list(read_rows(path))
    with pytest.raises(DataError, match="no such file"):
        list(read_rows(tmp_path / "none.csv"))
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match="cannot read"):
        list(read_rows(tmp_path / "folder.csv"))
