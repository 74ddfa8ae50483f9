"""What every data set is: a spec (its YAML), `load`, and `clean`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from rnncli.spec import Spec

if TYPE_CHECKING:
    from rnncli.corpus import Corpus, Split

__all__ = ["DataSpec"]


class DataSpec(Spec):
    """A data set as a config names it."""

    summary: ClassVar[str]
    """One line for `rnn list datasets`."""
    suits: ClassVar[str] = "word"
    """The tokenizer that `rnn data --data NAME` looks at it with."""

    name: str
    """Which data set; each subclass has its own literal."""
    validation_fraction: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.1
    """Share of the training texts carved out, stratified by label, to validate on."""
    split_seed: Annotated[int, Field(ge=0)] = 0
    """Seed of that split; apart from the experiment's seed, so that seeds share one split."""
    limit: Annotated[int, Field(ge=1)] | None = None
    """Keep at most this many texts of each split (stratified, seeded), for quick trials."""

    @property
    def known_labels(self) -> tuple[str, ...] | None:
        """The label names, in order, where they are known before the texts are read."""
        return None

    @property
    def auxiliary_labels(self) -> tuple[str, ...]:
        """Labels that a model learns beside those it is asked for (`Corpus.auxiliary_names`)."""
        return ()

    @property
    def longest_text(self) -> int | None:
        """Words of the longest text, of which none may be cut off; None where some may be."""
        return None

    @abstractmethod
    def load(self) -> Corpus:
        """Read the texts, cleaned.

        Raises:
            DataError: the data is missing or malformed.
        """

    def files(self) -> Mapping[str, Path]:
        """The local files that `load` reads, by split; none where the texts are not in files.

        Raises:
            DataError: a file or folder that is named is not there.
        """
        return {}

    def clean(self, text: str) -> str:
        """A raw text as the model gets to see it; cleaning twice changes nothing more."""
        return text

    def read_labelled(self, path: Path, label_names: Sequence[str]) -> tuple[Split, int]:
        """Read further labelled texts for a model trained on this data set.

        Args:
            path: a file, or a folder whose test file is read.
            label_names: the model's labels, in its order.

        Returns:
            the texts, cleaned, and how many were left out because their label is one of the data
            set's that this model was not to learn.

        Raises:
            DataError: the file is missing or malformed, or has a label the model does not know.
        """
        from rnncli.datasets.labelled import Columns, indexed, read_split
        from rnncli.datasets.local_copy import split_file

        file = (split_file(path, "test") or path) if path.is_dir() else path
        raw = read_split(file, Columns(*self._columns()), self.clean)
        return indexed(
            raw, label_names, numbered=self._numbered(label_names), left_out=self._other_labels()
        )

    def _columns(self) -> tuple[Sequence[str], Sequence[str]]:
        """Names of the text's and the label's column."""
        return ("text",), ("label",)

    def _numbered(self, label_names: Sequence[str]) -> Sequence[str]:
        """What labels given as numbers stand for."""
        return label_names

    def _other_labels(self) -> Sequence[str]:
        """Labels of the data set that a model need not know."""
        return ()
