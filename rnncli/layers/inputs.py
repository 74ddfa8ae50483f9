"""What the texts of a shard bring to a cell's steps, and the gradients by it.

`Vectors` multiplies the vector of each step by the kernel. `Rows` is for vectors that were looked
up in a table (`rnncli.layers.lookup`): the distinct ones are multiplied once, before the walk, and
what a step brings is looked up among the products.

Shape letters: b texts of a shard, T time, L steps of a chunk, D features, G columns of the kernel,
K copies of what a kernel reads (see `rnncli.layers.equations`), N distinct tokens.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from rnncli.layers.chunk_programs import as_rows
from rnncli.layers.equations import product, product_over_steps
from rnncli.layers.lookup import Lookup

__all__ = ["Inputs", "Rows", "Vectors", "rows_of"]


class Vectors(NamedTuple):
    """The kernel is applied to every step of every text.

    It and the other products over all steps of a chunk are TensorFlow's own: half as quick again
    as XLA's for tall matrices.
    """

    texts: Any
    """[b, T, K·D], or by time [T, b, K·D]."""
    kernel: Any
    """[D, G]."""
    bias: Any
    """[G]."""

    @property
    def columns(self) -> int:
        """G."""
        return int(self.bias.shape[0])

    @property
    def weights(self) -> list[Any]:
        """What the walk applies to the texts."""
        return [self.kernel, self.bias]

    def brought(self, chunk: Any) -> Any:
        """What a chunk's texts bring, kernel and bias applied: [L, b, K·D] to [L·b, G]."""
        import tensorflow as tf

        return tf.nn.bias_add(product(as_rows(chunk), self.kernel), self.bias)

    def slopes_kept(self, by_brought: Any) -> Any:
        """What is kept of a chunk's gradients by what it brings [L·b, G]: by its vectors."""
        import tensorflow as tf

        copies = self.texts.shape[-1] // self.kernel.shape[0]
        if copies == 1:
            return tf.matmul(by_brought, self.kernel, transpose_b=True)
        parts = tf.split(by_brought, copies, 1), tf.split(self.kernel, copies, 1)
        pairs = zip(*parts, strict=True)
        return tf.concat([tf.matmul(*pair, transpose_b=True) for pair in pairs], 1)

    def weight_slopes(self, chunk: Any, by_brought: Any) -> list[Any]:
        """A chunk's gradients by the weights."""
        import tensorflow as tf

        rows = self.kernel.shape[0]
        return [product_over_steps(as_rows(chunk), by_brought, rows), tf.reduce_sum(by_brought, 0)]

    def slopes(self, kept: Any, steps: Any) -> Any:
        """The gradient by the texts, by time [T, b, K·D], of what was kept of all chunks."""
        return kept[:steps]


class Rows(NamedTuple):
    """The kernel has been applied to the distinct vectors."""

    texts: Any
    """Which of the rows each step brings [b, T], or by time [T, b]."""
    rows: Any
    """[N, G], each the choice of some step."""

    @property
    def columns(self) -> int:
        """G."""
        return int(self.rows.shape[1])

    @property
    def weights(self) -> list[Any]:
        """None: they have been applied before."""
        return []

    def brought(self, chunk: Any) -> Any:
        """[L, b] to [L·b, G]."""
        import tensorflow as tf

        return tf.gather(self.rows, tf.reshape(chunk, [-1]))

    def slopes_kept(self, by_brought: Any) -> Any:
        """[L·b, G] as it is."""
        return by_brought

    def weight_slopes(self, chunk: Any, by_brought: Any) -> list[Any]:
        """None."""
        return []

    def slopes(self, kept: Any, steps: Any) -> Any:
        """The gradient by the rows, [T, b, G] summed to [N, G]."""
        import tensorflow as tf

        chosen = tf.reshape(self.texts, [-1])
        order = tf.argsort(chosen, stable=True)
        by_step = tf.reshape(kept, [-1, self.columns])
        return tf.sparse.segment_sum(by_step, order, tf.gather(chosen, order))


Inputs = Vectors | Rows


def rows_of(lookup: Lookup, ids: Any, kernel: Any, bias: Any) -> Rows:
    """The rows of some of the texts that were looked up, ids [b, T]."""
    import tensorflow as tf

    distinct, places = tf.unique(tf.reshape(ids, [-1]))
    rows = tf.nn.bias_add(tf.matmul(lookup.vectors_of(distinct), kernel), bias)
    return Rows(tf.reshape(places, tf.shape(ids)), rows)
