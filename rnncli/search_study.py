"""What a search knows: its points and their values, in a journal that several processes share.

The journal is Optuna's (`search.journal` in the sweep's folder, an append-only file), and so are
sampler and pruner. Who works on which point is settled here: to Optuna a trial whose process was
killed runs for ever; here the next process that asks for work takes it over.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rnncli.errors import StorageError, UsageError
from rnncli.search import Search
from rnncli.search_locks import JournalLock, Workers
from rnncli.search_sampling import distributions, parameters, propose
from rnncli.search_space import Point

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

__all__ = ["JOURNAL", "SearchStudy", "StudyPoint", "open_study", "require_optuna"]

JOURNAL = "search.journal"

_STARTUP = 5
"""So many points are trained to their end before one is pruned."""


@dataclass(frozen=True)
class StudyPoint:
    """One point of a search as the journal has it."""

    number: int
    """Counted from 0, in the order in which they were begun."""
    state: Literal["running", "done", "pruned", "failed"]
    point: Point
    value: float | None
    """The mean over the seeds; of a point that was pruned, its first seed's last."""
    epochs: int
    """Of its first seed, as far as reported."""
    reason: str
    """Why it failed."""
    given_up: bool = False
    """Whether it runs no more, though it has no value: its process could not train it."""


def require_optuna() -> None:
    """Fail before anything is trained when the package is missing.

    Raises:
        UsageError: Optuna is not installed.
    """
    if importlib.util.find_spec("optuna") is None:
        raise UsageError(
            "search needs a package that is not installed; pip install 'rnncli[search]'"
        )


@contextmanager
def open_study(search: Search, out: Path) -> Iterator[SearchStudy]:
    """The journal of a search in the folder of its runs, for the length of the block.

    Raises:
        UsageError: Optuna is missing, or the folder holds another search.
        StorageError: the journal is damaged or cannot be written.
    """
    require_optuna()
    with Workers.joined(out) as workers:
        yield SearchStudy(search, out / JOURNAL, workers)


class SearchStudy:
    """The points of a search; every question sees what other processes wrote meanwhile."""

    def __init__(self, search: Search, path: Path, workers: Workers) -> None:
        """Open or create the journal; see `open_study`."""
        self._search, self._workers = search, workers
        with workers.one_at_a_time():
            try:
                self._study = _study(search, path)
            except ValueError as error:  # Optuna's for a line that is no JSON
                message = f"{path}: damaged ({error}); remove it: the runs beside it are kept"
                raise StorageError(message) from error
            known = self._study.user_attrs.get("search")
            if known is None:
                self._study.set_user_attr("search", search.digest)
        if known not in {None, search.digest}:
            raise UsageError(
                f"{path}: has points of another base, space, metric or seeds; choose another "
                "--out, or remove this file: the runs beside it are kept"
            )

    def points(self) -> list[StudyPoint]:
        """All points, in order."""
        return [_point(trial) for trial in self._trials()]

    def claim(self) -> StudyPoint | None:
        """A point to train: one whose process died, or a new one; None if there are enough."""
        import optuna

        with self._workers.one_at_a_time():
            trials = self._trials()
            for trial in trials:
                owner = trial.user_attrs.get("worker", "")
                if not trial.state.is_finished() and not self._workers.alive(owner):
                    self._trial(trial.number).set_user_attr("worker", self._workers.name)
                    self._workers.forget(owner)
                    return _point(trial)
            spec = self._search.spec
            if len(trials) >= spec.trials:
                return None
            point = propose(spec, trials, len(trials))
            self._study.add_trial(
                optuna.trial.create_trial(
                    state=optuna.trial.TrialState.RUNNING,
                    params=parameters(spec, point),
                    distributions=distributions(spec),
                    user_attrs={"worker": self._workers.name, "point": point},
                )
            )
            return _point(self._trials()[len(trials)])

    def report(self, number: int, values: list[float]) -> bool:
        """Tell the value after each epoch, and ask whether to give the point up."""
        trial = self._trial(number)
        known = self._trials()[number].intermediate_values
        hopeless = False
        for epoch, value in enumerate(values, start=1):
            if epoch not in known:
                trial.report(value, epoch)
                hopeless = hopeless or trial.should_prune()
        return hopeless

    def done(self, number: int, value: float) -> None:
        """Keep the value of a point."""
        self._study.tell(number, value)

    def pruned(self, number: int) -> None:
        """A point was given up."""
        import optuna

        self._study.tell(number, state=optuna.trial.TrialState.PRUNED)

    def failed(self, number: int, reason: str) -> None:
        """A point has no value."""
        import optuna

        self._trial(number).set_user_attr("reason", reason)
        self._study.tell(number, state=optuna.trial.TrialState.FAIL)

    def give_up(self, number: int) -> None:
        """This process could not train a point; one that is started later may."""
        self._trial(number).set_user_attr("given_up", self._workers.name)

    def _trials(self) -> list[FrozenTrial]:
        found: list[FrozenTrial] = self._study.get_trials(deepcopy=False)
        return found

    def _trial(self, number: int) -> Any:
        from optuna.trial import Trial

        return Trial(self._study, self._trials()[number]._trial_id)


def _study(search: Search, path: Path) -> Study:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    spec = search.spec
    backend = JournalFileBackend(str(path), lock_obj=JournalLock(path))
    return optuna.create_study(
        storage=JournalStorage(backend),
        study_name="search",
        direction="minimize" if spec.metric == "loss" else "maximize",
        sampler=optuna.samplers.RandomSampler(seed=0),  # never asked: points are proposed whole
        pruner=optuna.pruners.NopPruner()
        if spec.pruning == "none"
        else optuna.pruners.MedianPruner(
            n_startup_trials=_STARTUP, n_warmup_steps=max(1, -(-search.epochs // 4))
        ),
        load_if_exists=True,
    )


def _point(trial: FrozenTrial) -> StudyPoint:
    from optuna.trial import TrialState

    states: dict[TrialState, Literal["done", "pruned", "failed"]] = {
        TrialState.COMPLETE: "done",
        TrialState.PRUNED: "pruned",
        TrialState.FAIL: "failed",
    }
    return StudyPoint(
        number=trial.number,
        state=states.get(trial.state, "running"),
        point=trial.user_attrs["point"],
        value=trial.value,
        epochs=trial.last_step or 0,
        reason=trial.user_attrs.get("reason", ""),
        given_up=trial.user_attrs.get("given_up", "") == trial.user_attrs.get("worker"),
    )
