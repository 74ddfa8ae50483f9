"""The catalogue of cells: one file each, one line in the union below."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from rnncli.cells.base import CellSpec
from rnncli.cells.dense import Dense
from rnncli.cells.gru import GRU
from rnncli.cells.lstm import LSTM
from rnncli.cells.peephole_lstm import PeepholeLSTM
from rnncli.cells.simple_rnn import SimpleRNN

__all__ = [
    "CELLS",
    "CELL_NAMES",
    "GRU",
    "LSTM",
    "Cell",
    "CellSpec",
    "Dense",
    "PeepholeLSTM",
    "SimpleRNN",
]

Cell = Annotated[Dense | SimpleRNN | LSTM | GRU | PeepholeLSTM, Field(discriminator="cell")]
CELLS: tuple[type[CellSpec], ...] = get_args(get_args(Cell)[0])
CELL_NAMES: dict[str, type[CellSpec]] = {
    get_args(cell.model_fields["cell"].annotation)[0]: cell for cell in CELLS
}
"""The cells by what a config calls them."""
