"""`rnn sweep` with a search: run it, and say which point is best."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rnncli.engines import Engine
    from rnncli.search import Search
    from rnncli.search_study import StudyPoint
    from rnncli.sweep_plan import Progress

__all__ = ["foresee", "search"]


def search(
    sought: Search,
    folder: Path,
    engine: Engine,
    jobs: int,
    arguments: Sequence[str],
    *,
    keep_going: bool,
    json: bool,
) -> None:
    """Run a search, and say what it found."""
    from rnncli.interrupt import stop_requests
    from rnncli.search_plan import SearchPlan
    from rnncli.search_study import open_study
    from rnncli.sweep_display import watching
    from rnncli.sweeping import run_plan

    total = sought.spec.trials * len(sought.seeds)
    with (
        stop_requests() as stop,
        open_study(sought, folder) as study,
        watching(folder, total, sought.spec.metric) as watcher,
    ):
        plan = SearchPlan(sought, study, folder, keep_going=keep_going)
        run_plan(
            plan,
            folder,
            jobs=jobs,
            stop=stop,
            engine=engine,
            watcher=watcher,
            arguments=arguments,
        )
        points = study.points()
    _tell(sought, folder, points, plan.everything, json=json)


def _tell(
    search: Search,
    folder: Path,
    points: Sequence[StudyPoint],
    trainings: Sequence[Progress],
    *,
    json: bool,
) -> None:
    from rnncli.errors import CheckFailed
    from rnncli.json_text import json_page
    from rnncli.search_best import best_of, write_best

    best = best_of(search, points)
    config = write_best(search, best, len(points), folder) if best else None
    failed = [one for one in trainings if one.state in {"failed", "interrupted"}]
    if json:
        rows = [_row(search, point, folder) for point in points]
        chosen = None if best is None else {**_row(search, best, folder), "config": str(config)}
        typer.echo(json_page({"metric": search.spec.metric, "best": chosen, "trials": rows}))
    elif best is not None:
        _print_best(search, best, points, config)
    if failed:
        first = f"{failed[0].trial.label}, seed {failed[0].trial.seed}: "
        first += failed[0].reason or failed[0].state
        raise CheckFailed(
            f"{len(failed)} trainings failed, the first: {first}; the same command tries them again"
        )
    if best is None:
        reason = next((point.reason for point in points if point.reason), "none was finished")
        raise CheckFailed(f"none of {len(points)} points has a score; the first: {reason}")


def _row(search: Search, point: StudyPoint, folder: Path) -> dict[str, object]:
    from rnncli.errors import UsageError

    try:
        runs = [str(trial.run(folder).path) for trial in search.trials(point.point)]
    except UsageError:
        runs = []
    return {
        "trial": point.number,
        "state": point.state,
        "value": point.value,
        "epochs": point.epochs,
        "settings": point.point,
        "runs": runs,
        "reason": point.reason,
    }


def _print_best(
    search: Search, best: StudyPoint, points: Sequence[StudyPoint], config: Path | None
) -> None:
    import shlex

    from rnncli.sweep import settings_of

    states = [point.state for point in points]
    counts = [f"{states.count(s)} {s}" for s in ("done", "pruned", "failed") if s in states]
    seeds = f", mean of seeds {', '.join(map(str, search.seeds))}" if len(search.seeds) > 1 else ""
    typer.echo(f"{len(points)} trials: {', '.join(counts)}")
    typer.echo(
        f"best: trial {best.number}, validation {search.spec.metric} {best.value:.4f}{seeds}"
    )
    words = [word for setting in settings_of(best.point) for word in ("--set", setting)]
    typer.echo(f"  --config {shlex.quote(search.named)} {shlex.join(words)}")
    typer.echo(
        f"the same in {config}; it was chosen for this score, which flatters it: "
        f"judge it by new seeds, rnn train --config {shlex.quote(str(config))} --seeds 5"
    )


def foresee(search: Search, folder: Path, jobs: int, *, json: bool) -> None:
    """Say what a search would try, and what it may take."""
    from rich.table import Table

    from rnncli.console import result_console
    from rnncli.json_text import json_page
    from rnncli.search_study import JOURNAL, open_study
    from rnncli.sweep_costs import usual_seconds
    from rnncli.wording import duration

    points: Sequence[StudyPoint] = []
    if (folder / JOURNAL).is_file():
        with open_study(search, folder) as study:
            points = study.points()
    spec = search.spec
    ended = sum(point.state != "running" for point in points)
    left = max(spec.trials - ended, 0) * len(search.seeds)
    usual = usual_seconds(folder)
    cost = None if usual is None else usual * left / jobs
    axes = {key: str(axis) if hasattr(axis, "low") else axis for key, axis in spec.space.items()}
    if json:
        typer.echo(
            json_page(
                {
                    "base": search.base,
                    "metric": spec.metric,
                    "space": axes,
                    "seeds": search.seeds,
                    "trials": [_row(search, point, folder) for point in points],
                    "trials_asked_for": spec.trials,
                    "trainings_left": left,
                    "expected_seconds": cost,
                }
            )
        )
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("key", "values"):
        table.add_column(name, no_wrap=True)
    for key, axis in axes.items():
        table.add_row(key, axis if isinstance(axis, str) else ", ".join(map(str, axis)))
    result_console().print(table)
    seeds = "1 seed" if len(search.seeds) == 1 else f"{len(search.seeds)} seeds"
    at_most = "at most " if spec.pruning != "none" else ""
    told = f"{spec.trials} trials by {spec.sampler}, {seeds} each, for validation {spec.metric}"
    told += f"; {ended} ended; {at_most}{left} trainings left, {jobs} at a time"
    told += ", for an unknown time" if cost is None else f", {at_most}about {duration(cost)}"
    typer.echo(f"{told}, in {folder}")
