"""`train`: an experiment becomes a run directory."""

from __future__ import annotations

import gc
import time
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncli import fitting, preparation
from rnncli.backend import Device, activate, trouble_told
from rnncli.baseline_process import BaselineProcess, baselines_beside
from rnncli.corpus import SPLITS, Corpus
from rnncli.corpus_cache import corpus_of
from rnncli.errors import Interrupted, RnnError, UsageError
from rnncli.experiment import SEEDS
from rnncli.interrupt import StopRequest, stop_requests
from rnncli.kernels import Work, compiled_layers, kernels
from rnncli.mlflow_server import require_mlflow
from rnncli.mlflow_tracker import Tracker, tracked
from rnncli.progress import Plan, Reporter
from rnncli.quiet import native_output_to
from rnncli.recording import conclude, describe_data, record, score
from rnncli.run import Run, State
from rnncli.tensorboard_log import TensorBoardLog, require_tensorboard

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from contextlib import AbstractContextManager

    from rnncli.experiment import Experiment
    from rnncli.preparation import Prepared

__all__ = ["train", "train_seeds"]


def train(
    experiment: Experiment,
    *,
    out: Path = Path("runs"),
    force: bool = False,
    config_text: str | None = None,
    reporter: Reporter | None = None,
) -> Run:
    """Train an experiment, or go on where an interrupted training of it stopped.

    The run directory's name derives from the experiment, so that the same experiment finds its
    own: finished, it is returned as it is; unfinished, it is resumed from its last epoch.

    Args:
        experiment: what to train.
        out: the folder of run directories.
        force: start anew, forgetting what the directory holds.
        config_text: the config as the user wrote it, to be kept with the run.
        reporter: told what happens.

    Raises:
        RnnError: see `rnncli.errors`; the run's status says the same.
    """
    (run,) = train_seeds(
        experiment, 1, out=out, force=force, config_text=config_text, reporter=reporter
    )
    return run


def train_seeds(
    experiment: Experiment,
    seeds: int,
    *,
    out: Path = Path("runs"),
    force: bool = False,
    config_text: str | None = None,
    reporter: Reporter | None = None,
) -> list[Run]:
    """Train an experiment with several seeds, from its own upwards, each in its own run directory.

    On JAX they are one program, whose steps train all of them (`rnncli.together`), since one small
    recurrent network leaves a GPU idle; elsewhere they are trained one after the other.

    Args:
        experiment: what to train.
        seeds: how many.
        out: the folder of run directories.
        force: start anew, forgetting what the directories hold.
        config_text: the config as the user wrote it, to be kept with the runs.
        reporter: told what happens.

    Returns:
        the runs, by seed.

    Raises:
        UsageError: the last seed is too large.
    """
    reporter = reporter or Reporter()
    first = experiment.seed
    if first + seeds > SEEDS:
        raise UsageError(
            f"{seeds} seeds from {first} on: the last must be below {SEEDS}; choose a lower seed"
        )
    every = [experiment.model_copy(update={"seed": first + n}) for n in range(seeds)]
    runs = [_run_of(one, out) for one in every]
    if experiment.train.tracker:
        require_mlflow()
    unfinished, left = (every, runs) if force else _unfinished(every, runs, reporter)
    if experiment.train.tracker:
        for run in runs:
            if run not in left:
                Tracker([run], reporter).send()
    together = experiment.backend == "jax" and not experiment.train.tensorboard
    together = together and experiment.devices == 1
    groups = [unfinished] if together else [[one] for one in unfinished]
    try:
        for group in filter(None, groups):
            with _followed(group, out, reporter) as following:
                _train_group(group, out, force, config_text, following)
    finally:
        reporter.close()
    return runs


def _run_of(experiment: Experiment, out: Path) -> Run:
    name = experiment.name or experiment.data.name
    return Run(Run.directory_for(out, name, experiment.digest(), experiment.seed))


def _followed(
    group: Sequence[Experiment], out: Path, reporter: Reporter
) -> AbstractContextManager[Reporter]:
    """The reporter for a training, with a tracker before it if the config asks for one."""
    if not group[0].train.tracker:
        return nullcontext(reporter)
    return tracked([_run_of(one, out) for one in group], reporter)


def _train_group(
    group: Sequence[Experiment],
    out: Path,
    force: bool,
    config_text: str | None,
    reporter: Reporter,
) -> None:
    """Train experiments that differ in nothing but their seeds."""
    experiment = group[0]
    runs = [_run_of(one, out) for one in group]
    if experiment.train.tensorboard:
        require_tensorboard()
        reporter = log = TensorBoardLog(runs[0].path / "tensorboard", reporter)
    with stop_requests() as stop, native_output_to():
        corpus = corpus_of(experiment.data, out / ".cache" / "corpora")
        with ExitStack() as held:
            baselines = None
            if experiment.baselines:
                baselines = held.enter_context(baselines_beside(corpus, out / ".cache"))
            device = activate(
                experiment.backend,
                experiment.device,
                deterministic=experiment.train.deterministic,
                devices=experiment.devices,
            )
            for run in runs:
                held.enter_context(Run.create(run.path).lock())
            if not force:  # another process may have finished some meanwhile
                group, runs = _unfinished(group, runs, reporter)
            for run in runs:
                held.enter_context(_recorded(run, force=force))
            if not runs:
                return
            held.enter_context(trouble_told())
            if experiment.train.tensorboard:
                held.callback(log.end)
            _train(group, corpus, baselines, runs, device, config_text, reporter, stop)


def _unfinished(
    every: Sequence[Experiment], runs: Sequence[Run], reporter: Reporter
) -> tuple[list[Experiment], list[Run]]:
    """Those whose training is not done; of the others it is told."""
    left = []
    for one, run in zip(every, runs, strict=True):
        if run.exists and run.status.state == "done":
            reporter.note(f"{run.path}: already trained; --force trains it again")
        else:
            left.append((one, run))
    return [one for one, _ in left], [run for _, run in left]


@contextmanager
def _recorded(run: Run, *, force: bool) -> Iterator[None]:
    """Keep in a run's status, and what the backend prints in its log, how the block goes."""
    if force:
        run.clear()
    with native_output_to(run.backend_log):
        run.set_status("running")
        try:
            yield
        except Interrupted as error:
            _unless_done(run, "interrupted", str(error))
            told = str(error)
            if "resumes" not in told:  # once, where several runs are held
                command = "the same command without --force" if force else "the same command"
                told += f"; {command} resumes {run.path}"
            raise Interrupted(told) from error
        except RnnError as error:
            _unless_done(run, "failed", str(error))
            raise
        except BaseException as error:
            _unless_done(run, "failed", f"{type(error).__name__}: {error}")
            raise


def _unless_done(run: Run, state: State, reason: str) -> None:
    if run.status.state != "done":
        run.set_status(state, reason=reason)


@dataclass
class _Begun:
    """A training that is ready to go."""

    experiment: Experiment
    run: Run
    model: Any
    progress: fitting.Progress
    coverage: float | None
    """Share of the vocabulary that the vectors' file has."""
    before: float
    """Seconds that its epochs took in processes before this one."""


def _train(
    group: Sequence[Experiment],
    corpus: Corpus,
    baselines: BaselineProcess | None,
    runs: Sequence[Run],
    device: Device,
    config_text: str | None,
    reporter: Reporter,
    stop: StopRequest,
) -> None:
    began = time.perf_counter()
    experiment = group[0]
    prepared = preparation.tokenize(experiment, corpus, runs[0].path.parent / ".cache" / "tokens")
    tokens = int(prepared.encoded["train"].lengths.sum()) * experiment.train.epochs
    work = Work(tokens, experiment.train.batch_size)
    layers = kernels(experiment, device, work)
    facts = describe_data(prepared)
    begun = []
    for one, run in zip(group, runs, strict=True):
        record(one, run, prepared, facts, device, layers, config_text)
        begun.append(_begin(one, run, prepared, compiled_layers(layers), reporter))
    first = begun[0]
    reporter.started(
        Plan(
            run=first.run.path,
            data=_data_line(corpus),
            device=str(device),
            kernels=[str(kernel) for kernel in layers],
            parameters=first.model.count_params(),
            vocabulary=len(prepared.tokenizer.vocabulary),
            texts=len(corpus.training),
            epochs=experiment.train.epochs,
            first_epoch=min(one.progress.epoch for one in begun) + 1,
            history=tuple(first.progress.history),
        )
    )
    if len(begun) == 1:
        fitting.fit(first.model, experiment, prepared, first.run, first.progress, reporter, stop)
    else:
        from rnncli.together import Seed, fit_together

        seeds = [Seed(one.experiment, one.run, one.model, one.progress) for one in begun]
        fit_together(seeds, prepared, reporter, stop)
    reporter.finishing("predictions")
    seconds = (time.perf_counter() - began) / len(begun)
    scores = [
        score(one.experiment, one.run, first.model, one.progress, prepared, one.before + seconds)
        for one in begun
    ]
    for ended in begun:
        ended.model = None
    gc.collect()  # what follows needs no model, and a small corpus' baseline some memory
    for ended, metrics in zip(begun, scores, strict=True):
        if ended.coverage is not None:
            metrics["vector_coverage"] = ended.coverage
        conclude(ended.run, metrics, baselines, reporter)


def _begin(
    experiment: Experiment,
    run: Run,
    prepared: Prepared,
    compiled: Collection[int],
    reporter: Reporter,
) -> _Begun:
    """The model, as new or as its last checkpoint has it."""
    vectors = preparation.pretrained(experiment, prepared.tokenizer)
    if vectors is not None:
        reporter.note(f"vectors: {vectors.coverage:.1%} of the vocabulary covered")
    model = preparation.build(
        experiment,
        len(prepared.tokenizer.vocabulary),
        len(prepared.corpus.label_names),
        vectors.matrix if vectors else preparation.weighted(experiment, prepared),
        compiled,
    )
    fitting.compile_model(model, experiment.train)
    progress, warning = fitting.restore(model, run)
    if warning:
        reporter.note(warning)
    coverage = vectors.coverage if vectors else None
    before = sum(row.seconds for row in progress.history)
    return _Begun(experiment, run, model, progress, coverage, before)


def _data_line(corpus: Corpus) -> str:
    sizes = " / ".join(f"{len(corpus[name]):,} {name}" for name in SPLITS)
    return f"{corpus.source.name} ({corpus.source.location}): {sizes}"
