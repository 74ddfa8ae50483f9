"""The catalogue of data sets: one file each, one line in the union below."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from rnncli.datasets.base import DataSpec
from rnncli.datasets.files import Files
from rnncli.datasets.imdb import Imdb
from rnncli.datasets.klue_tc import KlueTc
from rnncli.datasets.sample_en import SampleEn
from rnncli.datasets.sample_ko import SampleKo

__all__ = ["DATASETS", "Data", "DataSpec", "Files", "Imdb", "KlueTc", "SampleEn", "SampleKo"]

Data = Annotated[KlueTc | Imdb | Files | SampleKo | SampleEn, Field(discriminator="name")]
DATASETS: tuple[type[DataSpec], ...] = get_args(get_args(Data)[0])
