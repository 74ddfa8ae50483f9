"""`rnn data`: look at a data set as a config reads it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from rnncli.cli.options import JsonOption, Settings, examples

if TYPE_CHECKING:
    from rnncli.corpus import Corpus
    from rnncli.experiment import Experiment
    from rnncli.tokenizers import FittedTokenizer

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Look at a data set: decoded examples, statistics.")

Config = Annotated[
    str | None,
    typer.Option(
        "--config", "-c", metavar="CONFIG", help="A config file, or a shipped config's name."
    ),
]
Name = Annotated[
    str | None,
    typer.Option("--data", metavar="NAME", help="A data set by name, instead of a config."),
]
SplitOption = Annotated[
    Literal["train", "validation", "test"], typer.Option("--split", help="Which split to show.")
]


@app.command(
    epilog=examples(
        "rnn data show --config gru_klue.yaml",
        "rnn data show --data sample-ko --set text.tokenizer=jamo --split test",
    )
)
def show(
    config: Config = None,
    data: Name = None,
    settings: Settings = None,
    split: SplitOption = "train",
    count: Annotated[int, typer.Option("--count", "-n", min=0, help="Examples of each label.")] = 2,
    json: JsonOption = False,
) -> None:
    """Show decoded examples of each label: tokens, their ids, and what is unknown.

    The tokenizer is fitted on the train split, as in training.
    """
    from rnncli.data_examples import decoded_examples
    from rnncli.json_text import json_page

    _, corpus, tokenizer = _load(config, data, settings)
    found = decoded_examples(corpus, tokenizer, split, count)
    if json:
        typer.echo(json_page(found))
        return
    from rnncli.cli.data_tables import print_examples

    print_examples(corpus, tokenizer, split, found)


@app.command(
    epilog=examples(
        "rnn data stats --config gru_klue.yaml", "rnn data stats --data sample-en --json"
    )
)
def stats(
    config: Config = None, data: Name = None, settings: Settings = None, json: JsonOption = False
) -> None:
    """Show lengths, unknown tokens, truncation, label balance, hanja and duplicates.

    Unknown tokens and truncation are given for each split and label.
    """
    from dataclasses import asdict

    from rnncli.corpus_statistics import corpus_statistics
    from rnncli.data_examples import hanja_coverage
    from rnncli.json_text import json_page

    experiment, corpus, tokenizer = _load(config, data, settings)
    statistics = corpus_statistics(corpus, tokenizer)
    hanja = hanja_coverage(corpus, tokenizer)
    if json:
        found: dict[str, Any] = {
            "source": asdict(corpus.source),
            "tokenizer": experiment.text.tokenizer,
            **statistics.to_dict(),
            "hanja": hanja,
        }
        typer.echo(json_page(found))
        return
    from rnncli.cli.data_tables import print_statistics

    print_statistics(corpus, tokenizer, statistics, hanja)


def _load(
    config: str | None, data: str | None, settings: list[str] | None
) -> tuple[Experiment, Corpus, FittedTokenizer]:
    from rnncli.config import load_config
    from rnncli.console import reporting
    from rnncli.errors import UsageError
    from rnncli.quiet import native_output_to

    if (config is None) == (data is None):
        raise UsageError(
            "give one of --config and --data, as in: rnn data stats --config sample_en.yaml"
        )
    base, overrides = (config, []) if config is not None else _bare(str(data))
    experiment = load_config(str(base), [*overrides, *(settings or ())])
    with reporting(quiet=not sys.stderr.isatty()) as reporter, native_output_to():
        reporter.finishing("reading data and fitting the tokenizer")
        corpus = experiment.data.load()
        return experiment, corpus, experiment.text.fit(corpus.training.texts)


def _bare(name: str) -> tuple[str, list[str]]:
    """A config with a data set of that name, and the tokenizer its language suggests."""
    from typing import get_args

    from rnncli.datasets import DATASETS
    from rnncli.errors import UsageError
    from rnncli.shipped import find_shipped
    from rnncli.suggestions import did_you_mean

    known = {get_args(spec.model_fields["name"].annotation)[0]: spec for spec in DATASETS}
    if name not in known:
        hint = did_you_mean(name, known) or "; expected one of " + ", ".join(known)
        raise UsageError(f"--data {name}: no such data set{hint}")
    text = f"{{tokenizer: {known[name].suits}}}"
    return str(find_shipped("sample_en")), [f"data={{name: {name}}}", f"text={text}"]
