"""What every data set is: a spec (its YAML) and `load`."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from rnncli.spec import Spec

if TYPE_CHECKING:
    from rnncli.corpus import Corpus

__all__ = ["DataSpec"]


class DataSpec(Spec):
    """A data set as a config names it."""

    summary: ClassVar[str]
    """One line for `rnn list datasets`."""

    validation_fraction: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.1
    """Share of the training texts carved out, stratified by label, to validate on."""
    split_seed: int = 0
    """Seed of that split; apart from the experiment's seed, so that seeds share one split."""
    limit: Annotated[int, Field(ge=1)] | None = None
    """Keep at most this many texts of each split (stratified, seeded), for quick trials."""

    @abstractmethod
    def load(self) -> Corpus:
        """Read the texts.

        Raises:
            DataError: the data is missing or malformed.
        """
