"""The catalogue of data sets: one file each, one line in the union below."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from rnncli.datasets.adding import Adding
from rnncli.datasets.base import DataSpec
from rnncli.datasets.copy_first import CopyFirst
from rnncli.datasets.files import Files
from rnncli.datasets.imdb import Imdb
from rnncli.datasets.klue_tc import KlueTc
from rnncli.datasets.sample_en import SampleEn
from rnncli.datasets.sample_ko import SampleKo
from rnncli.datasets.temporal_order import TemporalOrder

__all__ = [
    "DATASETS",
    "Adding",
    "CopyFirst",
    "Data",
    "DataSpec",
    "Files",
    "Imdb",
    "KlueTc",
    "SampleEn",
    "SampleKo",
    "TemporalOrder",
]

Data = Annotated[
    KlueTc | Imdb | Files | SampleKo | SampleEn | Adding | TemporalOrder | CopyFirst,
    Field(discriminator="name"),
]
DATASETS: tuple[type[DataSpec], ...] = get_args(get_args(Data)[0])
