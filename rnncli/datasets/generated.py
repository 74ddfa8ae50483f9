"""What the built-in samples share: sizes, a seed, and no text twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from rnncli.corpus import Source, Split
from rnncli.datasets.base import DataSpec

if TYPE_CHECKING:
    from rnncli.corpus import Corpus

__all__ = ["GeneratedSpec"]


class GeneratedSpec(DataSpec):
    """A data set made by a grammar, the same on every machine and Python."""

    size: Annotated[int, Field(ge=20, le=20_000)] = 2_000
    """How many texts train and validation have together."""
    test_size: Annotated[int, Field(ge=10, le=10_000)] = 500
    """How many texts test has."""
    generator_seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the grammar."""

    @property
    def stem(self) -> str:
        """What the ids of its texts begin with: other texts have other ids."""
        name: str = self.name
        return f"{name}-g{self.generator_seed}" if self.generator_seed else name

    def generated(
        self,
        label_names: Sequence[str],
        language: str,
        stream: Iterator[tuple[str, int]],
        details: Mapping[str, object] | None = None,
    ) -> Corpus:
        """The first different texts of a stream, cleaned, as a corpus."""
        from rnncli.datasets.assembly import assemble

        seen: dict[str, int] = {}
        while len(seen) < self.size + self.test_size:
            text, label = next(stream)
            seen.setdefault(self.clean(text), label)
        texts, labels = list(seen), list(seen.values())
        ids = [f"{self.stem}-{number}" for number in range(len(texts))]
        train = Split(texts[: self.size], labels[: self.size], ids[: self.size])
        test = Split(texts[self.size :], labels[self.size :], ids[self.size :])
        known = {"generator_seed": self.generator_seed, **(details or {})}
        source = Source(self.name, "built in, synthetic", language, synthetic=True, details=known)
        return assemble(self, label_names, source, train, test)
