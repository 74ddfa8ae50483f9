"""What a corpus says of itself, counted by hand."""

from __future__ import annotations

from rnncli.corpus import Corpus, Source, Split


def test_overlap_counts_every_text_that_is_learnt_from() -> None:
    corpus = Corpus(
        ("a", "b"),
        {
            "train": Split(["one", "two"], [0, 1], ["1", "2"]),
            "validation": Split(["four"], [0], ["3"]),
            "test": Split(
                ["two", "three", "three", "four", "five"], [1, 0, 0, 0, 1], list("45678")
            ),
        },
        Source("made", "here", "und"),
        ("c",),
        Split(["three"], [2], ["9"]),
    )
    assert corpus.train_test_overlap() == 3
    assert corpus.training.texts == ["one", "two", "three"]
