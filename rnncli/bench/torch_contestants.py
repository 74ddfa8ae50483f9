"""The contestants on PyTorch: `nn.LSTM` and its kind on padded and on packed batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.backend import torch_sees_gpu
from rnncli.bench.contestants import Contestant
from rnncli.bench.workload import FEATURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["TorchPacked", "TorchPadded"]

_GATES = {"simple_rnn": (0,), "gru": (1, 0, 2), "lstm": (0, 1, 2, 3)}
"""Keras' gates in PyTorch's order: r, z, n for the GRU; i, f, g, o for the LSTM."""


class TorchPadded(Contestant):
    """Each batch as long as its longest text; a text's last output is looked up.

    The backward direction reads each text turned around by its own length, so that it sees no
    padding first.
    """

    variant = "torch-padded"

    def build(self, optimizer: str, weights: Sequence[NDArray[np.float32]]) -> None:
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
        self._directions = [
            self._direction(kind[self.network.cell], recurrent[start : start + 3])
            for start in range(0, len(recurrent), 3)
        ]
        self._dense = torch.nn.Linear(*kernel.shape)
        with torch.no_grad():
            self._dense.weight.copy_(torch.tensor(kernel.T))
            self._dense.bias.copy_(torch.tensor(bias))
        modules = [self._embedding, *self._directions, self._dense]
        for module in modules:
            module.to(self._device)
        trained = [p for m in modules for p in m.parameters() if p.requires_grad]
        self._optimizer: Any = (
            torch.optim.Adam(trained, 1e-3, eps=1e-7)
            if optimizer == "adam"
            else torch.optim.SGD(trained, 0.1)
        )

    def _direction(self, kind: Any, weights: Sequence[NDArray[np.float32]]) -> Any:
        """One direction with Keras' weights; a second bias that Keras lacks stays 0."""
        import torch

        module = kind(FEATURES, self.network.units, batch_first=True)
        kernel, recurrent_kernel, bias = weights
        order = _GATES[self.network.cell]
        both = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
        values = [kernel.T, recurrent_kernel.T, *both]
        with torch.no_grad():
            for parameter, value in zip(module.parameters(), values, strict=True):
                gates = np.split(value, len(order))
                parameter.copy_(torch.tensor(np.concatenate([gates[gate] for gate in order])))
        module.bias_hh_l0.requires_grad_(bias.ndim == 2)
        return module

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

        lengths = torch.tensor(self.load.encoded.lengths[rows], device=self._device)
        ids = torch.tensor(self.load.padded(rows), device=self._device)
        vectors = self._embedding(ids)
        last = [
            self._last(module, _turned(vectors, lengths) if backward else vectors, lengths)
            for backward, module in enumerate(self._directions)
        ]
        return self._dense(torch.cat(last, dim=-1))

    def _last(self, module: Any, vectors: Any, lengths: Any) -> Any:
        """The output at each text's last token [B, U]."""
        import torch

        outputs, _ = module(vectors)
        return outputs[torch.arange(len(lengths), device=self._device), lengths - 1]


class TorchPacked(TorchPadded):
    """The same with `pack_padded_sequence`, as its documentation advises."""

    variant = "torch-packed"

    def _last(self, module: Any, vectors: Any, lengths: Any) -> Any:
        from torch.nn.utils.rnn import pack_padded_sequence

        packed = pack_padded_sequence(
            vectors, lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        _, state = module(packed)
        return (state[0] if isinstance(state, tuple) else state)[-1]


def _turned(vectors: Any, lengths: Any) -> Any:
    """Each text's vectors [B, T, D] in reverse, its padding still at the end."""
    import torch

    steps = torch.arange(vectors.shape[1], device=vectors.device)
    index = torch.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)
    return vectors.gather(1, index[:, :, None].expand_as(vectors))
