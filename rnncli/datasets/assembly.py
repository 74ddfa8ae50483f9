"""The last steps every data set takes: carve the validation, keep to the limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rnncli.corpus import Corpus, Source, Split
from rnncli.datasets.splitting import carve, limited
from rnncli.errors import DataError

if TYPE_CHECKING:
    from rnncli.datasets.base import DataSpec

__all__ = ["assemble"]


def assemble(
    spec: DataSpec,
    label_names: Sequence[str],
    source: Source,
    train: Split,
    test: Split,
    validation: Split | None = None,
    auxiliary: Split | None = None,
) -> Corpus:
    """Make a corpus; validation is carved from train unless the data set has its own.

    Raises:
        DataError: a split is too small to be used, or `validation_fraction` would have no effect.
    """
    fraction = type(spec).model_fields["validation_fraction"].default
    if validation is not None and spec.validation_fraction != fraction:
        raise DataError(
            "data.validation_fraction has no effect, because "
            f"{spec.files()['validation']} is the validation split; remove one of them"
        )
    if validation is None:
        train, validation = carve(train, spec.validation_fraction, spec.split_seed)
    splits = {"train": train, "validation": validation, "test": test}
    for name, split in splits.items():
        if not len(split):
            raise DataError(f"{source.location}: the {name} split has no texts; add some")
    if spec.limit is not None and spec.limit < len(label_names):
        raise DataError(
            f"data.limit {spec.limit}: fewer than the {len(label_names)} labels; use "
            f"{len(label_names)} or more"
        )
    present = set(train.labels)
    missing = [name for index, name in enumerate(label_names) if index not in present]
    if missing:
        raise DataError(
            f"{source.location}: no training text has the label {missing[0]!r}; expected some of "
            f"each of {', '.join(label_names)}"
        )
    return Corpus(
        tuple(label_names),
        {
            "train": limited(train, spec.limit, spec.split_seed),
            "validation": limited(validation, spec.limit, spec.split_seed),
            "test": limited(test, spec.limit, spec.split_seed),
        },
        source,
        spec.auxiliary_labels,
        limited(auxiliary or Split([], [], []), spec.limit, spec.split_seed),
    )
