"""The contestants on PyTorch: `nn.LSTM` and its kind on padded and on packed batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.backend import torch_sees_gpu
from rnncli.bench.contestants import Contestant
from rnncli.bench.workload import FEATURES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.bench.contestants import Weights

__all__ = ["TorchPacked", "TorchPadded"]

_GATES = {"simple_rnn": (0,), "gru": (1, 0, 2), "lstm": (0, 1, 2, 3)}
"""Keras' gates in PyTorch's order: r, z, n for the GRU; i, f, g, o for the LSTM."""


class TorchPadded(Contestant):
    """Each batch as long as its longest text; a text's last output is looked up.

    The backward direction reads each text turned around by its own length, so that it sees no
    padding first.
    """

    variant = "torch-padded"

    def build(self, optimizer: str, weights: Weights) -> None:
        """See `Contestant.build`."""
        import torch

        self._device = torch.device("cuda" if torch_sees_gpu() else "cpu")
        if self._device.type == "cuda":
            torch.set_float32_matmul_precision("high")  # as JAX and TensorFlow do there
        kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "simple_rnn": torch.nn.RNN}
        embedding, *recurrent, kernel, bias = weights
        self._embedding = torch.nn.Embedding.from_pretrained(
            torch.tensor(embedding), freeze=False, padding_idx=0
        )
        self._layers = [
            self._layer(kind[self.network.cell], directions)
            for directions in self._in_layers(recurrent)
        ]
        self._dense = torch.nn.Linear(*kernel.shape)
        with torch.no_grad():
            self._dense.weight.copy_(torch.tensor(kernel.T))
            self._dense.bias.copy_(torch.tensor(bias))
        modules = [self._embedding, *self._layers, self._dense]
        for module in modules:
            module.to(self._device)
        trained = [p for m in modules for p in m.parameters() if p.requires_grad]
        self._optimizer: Any = (
            torch.optim.Adam(trained, 1e-3, eps=1e-7, fused=True)
            if optimizer == "adam"
            else torch.optim.SGD(trained, 0.1)
        )

    def _in_layers(self, recurrent: Weights) -> list[Weights]:
        """The weights of each recurrent layer: a direction of its own, here."""
        return [recurrent[start : start + 3] for start in range(0, len(recurrent), 3)]

    def _layer(self, kind: Any, weights: Weights) -> Any:
        """A layer with Keras' weights; a second bias that Keras lacks stays 0."""
        import torch

        layer = kind(FEATURES, self.network.units, batch_first=True, bidirectional=len(weights) > 3)
        order = _GATES[self.network.cell]
        values: list[NDArray[np.float32]] = []
        for start in range(0, len(weights), 3):
            kernel, recurrent_kernel, bias = weights[start : start + 3]
            both = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
            values += [kernel.T, recurrent_kernel.T, *both]
        with torch.no_grad():
            for parameter, value in zip(layer.parameters(), values, strict=True):
                gates = np.split(value, len(order))
                parameter.copy_(torch.tensor(np.concatenate([gates[gate] for gate in order])))
        for name, parameter in layer.named_parameters():
            if name.startswith("bias_hh"):
                parameter.requires_grad_(weights[2].ndim == 2)
        return layer

    def step(self, rows: NDArray[np.int64]) -> float:
        """See `Contestant.step`."""
        return float(self._begin(rows))

    def _begin(self, rows: NDArray[np.int64]) -> Any:
        import torch

        gold = torch.tensor(self.load.labels[rows], device=self._device)
        self._optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(self._forward(rows), gold)
        loss.backward()
        self._optimizer.step()
        return loss.detach()

    def epoch(self) -> None:
        """See `Contestant.epoch`."""
        losses = [self._begin(rows) for rows in self.load.shuffled]
        float(losses[-1])  # a GPU is waited for once

    def answer(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `Contestant.answer`."""
        import torch

        with torch.inference_mode():
            parts = [self._forward(rows[start : start + 256]) for start in range(0, len(rows), 256)]
            return np.asarray(torch.cat(parts).cpu().numpy())

    def _forward(self, rows: NDArray[np.int64]) -> Any:
        import torch

        last = self._last(self.load.padded(rows), self.load.encoded.lengths[rows])
        return self._dense(torch.cat(last, dim=-1))

    def _last(self, ids: NDArray[np.int32], lengths: NDArray[np.int64]) -> list[Any]:
        """Of each direction the output at each text's last token [B, U]."""
        import torch

        views = [ids, _turned(ids, lengths)][: len(self._layers)]
        vectors = self._embedding(torch.tensor(np.concatenate(views), device=self._device))
        ends = torch.tensor(lengths - 1, device=self._device)
        texts = torch.arange(len(ids), device=self._device)
        parts = zip(self._layers, vectors.split(len(ids)), strict=True)
        return [layer(part)[0][texts, ends] for layer, part in parts]


class TorchPacked(TorchPadded):
    """The same with `pack_padded_sequence`, as its documentation advises; PyTorch turns texts."""

    variant = "torch-packed"

    def _in_layers(self, recurrent: Weights) -> list[Weights]:
        return [recurrent]

    def _last(self, ids: NDArray[np.int32], lengths: NDArray[np.int64]) -> list[Any]:
        import torch
        from torch.nn.utils.rnn import pack_padded_sequence

        packed = pack_padded_sequence(
            self._embedding(torch.tensor(ids, device=self._device)),
            torch.tensor(lengths),
            batch_first=True,
            enforce_sorted=False,
        )
        _, state = self._layers[0](packed)
        return list(state[0] if isinstance(state, tuple) else state)


def _turned(ids: NDArray[np.int32], lengths: NDArray[np.int64]) -> NDArray[np.int32]:
    """Each text's ids [B, T] in reverse, its padding still at the end."""
    steps = np.arange(ids.shape[1])
    ends = lengths[:, None]
    return np.take_along_axis(ids, np.where(steps < ends, ends - 1 - steps, steps), axis=1)
