"""The user's own texts: CSV, TSV, JSON Lines or Parquet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from rnncli.corpus import Source
from rnncli.datasets.base import DataSpec
from rnncli.errors import DataError
from rnncli.spec import Names

if TYPE_CHECKING:
    from rnncli.corpus import Corpus
    from rnncli.datasets.labelled import RawSplit

__all__ = ["Files"]

_NUMBER = re.compile(r"-?[0-9]{1,9}")


class Files(DataSpec):
    """Labelled texts in one file, or in a folder with a file for each split."""

    summary: ClassVar[str] = "your own CSV, TSV, JSONL(.gz) or Parquet: one file or a folder"

    name: Literal["files"]
    path: str
    """A file, of which validation and test are carved, or a folder with train and test files."""
    text_column: str = "text"
    """The column that holds the text."""
    label_column: str = "label"
    """The column that holds the label, by name or by number."""
    labels: Annotated[Names, Field(min_length=2)] | None = None
    """The labels in order; numbers count from 0 in it. By default, those of train, sorted."""
    test_fraction: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.1
    """Share of a single file's texts carved out, stratified by label, to test on."""
    language: str = "und"
    """The language's code, for the baseline's choice of n-grams; `und` finds Korean by itself."""

    @property
    def known_labels(self) -> tuple[str, ...] | None:
        """See `DataSpec.known_labels`."""
        return self.labels

    def load(self) -> Corpus:
        """See `DataSpec.load`."""
        from rnncli.datasets.assembly import assemble
        from rnncli.datasets.labelled import Columns, indexed, read_split
        from rnncli.datasets.records import file_checksum
        from rnncli.datasets.splitting import carve

        columns = Columns(*self._columns())
        files = self.files()
        raw = {split: read_split(file, columns, self.clean) for split, file in files.items()}
        names = self.labels or _label_names(raw["train"])
        splits = {split: indexed(rows, names)[0] for split, rows in raw.items()}
        default = Files.model_fields["test_fraction"].default
        if "test" in files and self.test_fraction != default:
            raise DataError(
                f"data.test_fraction has no effect, because {files['test']} is the test split; "
                "remove one of them"
            )
        if "test" not in splits:
            splits["train"], splits["test"] = carve(
                splits["train"], self.test_fraction, self.split_seed
            )
        details = {"files": {file.name: file_checksum(file) for file in files.values()}}
        source = Source(self.name, self.path, self.language, details=details)
        return assemble(
            self, names, source, splits["train"], splits["test"], splits.get("validation")
        )

    def files(self) -> dict[str, Path]:
        """See `DataSpec.files`."""
        from rnncli.datasets.local_copy import from_home, split_file

        path = from_home(self.path)
        if path.is_file():
            return {"train": path}
        if not path.is_dir():
            raise DataError(f"data.path {path}: no such file or folder; check the path")
        found = {
            split: split_file(path, split, required=split == "train")
            for split in ("train", "validation", "test")
        }
        return {split: file for split, file in found.items() if file is not None}

    def _columns(self) -> tuple[Sequence[str], Sequence[str]]:
        return (self.text_column,), (self.label_column,)


def _label_names(raw: RawSplit) -> tuple[str, ...]:
    """The labels found, sorted; numbers by value."""
    found = set(raw.labels)
    if len(found) < 2:
        raise DataError(
            f"{raw.path}: all texts have the label {next(iter(found))!r}; a classifier needs two "
            "or more"
        )
    names = sorted(str(label) for label in found)
    return tuple(sorted(names, key=int) if all(map(_NUMBER.fullmatch, names)) else names)
