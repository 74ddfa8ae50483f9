"""The catalogue of data sets: one file each, one line in the union below."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rnncli.datasets.base import DataSpec
from rnncli.datasets.files import Files
from rnncli.datasets.imdb import Imdb
from rnncli.datasets.klue_tc import KlueTc
from rnncli.datasets.sample_en import SampleEn
from rnncli.datasets.sample_ko import SampleKo

__all__ = ["DATASETS", "Data", "DataSpec", "Files", "Imdb", "KlueTc", "SampleEn", "SampleKo"]

DATASETS = (KlueTc, Imdb, Files, SampleKo, SampleEn)
Data = Annotated[KlueTc | Imdb | Files | SampleKo | SampleEn, Field(discriminator="name")]
