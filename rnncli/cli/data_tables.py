"""How `rnn data` prints examples and statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rnncli.corpus import SPLITS, Corpus, SplitName

if TYPE_CHECKING:
    from rich.table import Table

    from rnncli.corpus_statistics import CorpusStatistics
    from rnncli.data_examples import DecodedExample
    from rnncli.tokenizers import FittedTokenizer

__all__ = ["print_examples", "print_statistics"]

_SHOWN = 60
"""Tokens of a long text that are shown."""


def print_examples(
    corpus: Corpus,
    tokenizer: FittedTokenizer,
    split: SplitName,
    found: Sequence[DecodedExample],
) -> None:
    """Print examples label by label, unknown tokens in ⟦brackets⟧."""
    from rich.table import Table
    from rich.text import Text

    from rnncli.console import result_console
    from rnncli.wording import printable

    console = result_console()
    _print_source(console, corpus, tokenizer)
    counts, limit = corpus.label_counts(split), tokenizer.spec.max_length
    last = ""
    for example in found:
        if example.label != last:
            last = example.label
            heading = Text(last, style="bold")
            console.print()
            console.print(heading.append(f"  {counts[last]:,} texts in {split}", style="dim"))
        cut = f", cut to {limit}" if len(example.tokens) > limit else ""
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row("  text", Text(printable(example.text)))
        grid.add_row("  tokens", _tokens(example).append(f"  ({len(example.tokens)}{cut})", "dim"))
        pairs = zip(example.ids, example.decoded, strict=True)
        shown = [f"{number}={token}" for number, token in pairs][:_SHOWN]
        grid.add_row("  ids", Text(printable(" ".join(shown)) + _more(len(example.ids))))
        if example.ngrams:
            grams = " ".join(f"“{gram}”" for gram in example.ngrams[:_SHOWN])
            grid.add_row("  n-grams", Text(printable(grams) + _more(len(example.ngrams))))
        console.print(grid)
    console.print("\n⟦…⟧ has no id of its own: the model sees 1=<unk>", style="dim")


def _tokens(example: DecodedExample) -> Any:
    from rich.text import Text

    from rnncli.wording import printable

    line = Text()
    for token, unknown in list(zip(example.tokens, example.unknown, strict=True))[:_SHOWN]:
        shown = printable(token) if token.strip() else "␣"
        line.append(f"⟦{shown}⟧" if unknown else shown, style="bold yellow" if unknown else "")
        line.append(" ")
    line.rstrip()
    return line.append(_more(len(example.tokens)))


def _more(total: int) -> str:
    return f" … and {total - _SHOWN} more" if total > _SHOWN else ""


def print_statistics(
    corpus: Corpus,
    tokenizer: FittedTokenizer,
    statistics: CorpusStatistics,
    hanja: Mapping[str, Mapping[str, int]],
) -> None:
    """Print labels, lengths, hanja and duplicates, a row for each split."""
    from rnncli.console import result_console

    console = result_console()
    _print_source(console, corpus, tokenizer)
    splits = statistics.splits
    labels = _table("label", *(f"{name}" for name in SPLITS), "OOV %", "truncated %")
    for label in (*corpus.label_names, "all"):
        parts = [
            splits[name].all if label == "all" else splits[name].labels[label] for name in SPLITS
        ]
        labels.add_row(
            label,
            *(f"{part.texts:,} ({part.share:.1%})" for part in parts),
            " / ".join(f"{100 * part.oov_rate:.2f}" for part in parts),
            " / ".join(f"{100 * part.truncation_rate:.2f}" for part in parts),
            style="bold" if label == "all" else "",
        )
    lengths = _table("length", "split", "mean", "median", "75 %", "90 %", "95 %", "99 %", "longest")
    for unit in ("tokens", "characters"):
        for name in SPLITS:
            found = getattr(splits[name], unit)
            points = (found.p50, found.p75, found.p90, found.p95, found.p99, found.max)
            lengths.add_row(unit, name, f"{found.mean:.1f}", *(f"{point:,}" for point in points))
    oddities = _table(
        "split", "empty", "with hanja", "hanja tokens known", "repeated", "with two labels"
    )
    for name in SPLITS:
        part, cover = splits[name], hanja[name]
        known = f"{cover['known']:,} of {cover['tokens']:,}" if cover["tokens"] else "–"
        oddities.add_row(
            name,
            f"{part.empty:,}",
            f"{part.hanja_texts:,}",
            known,
            f"{part.duplicates.texts:,}",
            f"{part.duplicates.contradicting:,}",
        )
    for table in (labels, lengths, oddities):
        console.print()
        console.print(table)
    if corpus.source.details.get("hanja") == "hangul":
        console.print("hanja are read as hangul; --set data.hanja=keep leaves them", style="dim")
    console.print()
    for pair, overlap in statistics.overlaps.items():
        first, second = pair.split("/")
        against = f", {overlap.contradicting:,} with another label" if overlap.contradicting else ""
        console.print(
            f"{overlap.texts:,} texts of {second} ({overlap.share:.2%}) also stand in {first}"
            f"{against}"
        )
    console.print(
        f"OOV and truncated: {' / '.join(SPLITS)}, truncation at {statistics.max_length} tokens",
        style="dim",
    )


def _print_source(console: Any, corpus: Corpus, tokenizer: FittedTokenizer) -> None:
    source, spec = corpus.source, tokenizer.spec
    sizes = " / ".join(f"{len(corpus[name]):,} {name}" for name in SPLITS)
    console.print(f"{source.name} ({source.location}): {sizes}", style="bold")
    console.print(
        f"tokenizer {spec.tokenizer}: {len(tokenizer.vocabulary):,} ids "
        f"(at most {spec.vocabulary_size:,}), texts cut to {spec.max_length} tokens"
    )


def _table(first: str, *others: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(first)
    for heading in others:
        table.add_column(heading, justify="left" if heading == "split" else "right")
    return table
