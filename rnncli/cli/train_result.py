"""What `rnn train` says at the end: the score, its uncertainty, and the yardsticks beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnncli.run import Run

__all__ = ["interval", "print_result", "train_result"]


def train_result(run: Run) -> dict[str, Any]:
    """A finished run's result, JSON-ready.

    Keys: `run`, `state`, `data`, `synthetic`, `epochs`, `best_epoch`, `validation`, `test`,
    `baselines`, `parameters`, `seconds`.

    Raises:
        StorageError: a record of the run is missing or damaged.
    """
    from rnncli.errors import StorageError

    metrics, cost, data = run.read("metrics"), run.read("cost"), run.read("data")
    try:
        return {
            "run": str(run.path),
            "state": run.status.state,
            "data": data["name"],
            "synthetic": data["synthetic"],
            "epochs": run.status.epoch,
            "best_epoch": metrics["best_epoch"],
            "validation": metrics["validation"],
            "test": metrics["test"],
            "baselines": metrics.get("baselines", {}),
            "parameters": cost["parameters"]["total"],
            "seconds": cost["seconds"],
        }
    except (KeyError, TypeError) as error:
        message = f"{run.path}: its records lack {error}: damaged; train it again with --force"
        raise StorageError(message) from error


def print_result(result: dict[str, Any]) -> None:
    """Print `train_result` for people."""
    from rich.table import Table

    from rnncli.console import result_console
    from rnncli.wording import duration

    console = result_console()
    test, validation = result["test"], result["validation"]
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    table.add_column("test split", no_wrap=True)
    for heading in ("accuracy", "95 %", "macro-F1", "95 %"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    table.add_row(*_scores("this run", test), f"{test['texts']:,} texts", style="bold")
    linear, majority = (result["baselines"].get(name) for name in ("linear", "majority"))
    if linear:
        table.add_row(*_scores("linear", linear), _because(linear, linear.get("method", "")))
    if majority:
        always = f"always {majority.get('label', '')}"
        table.add_row(*_scores("majority", majority), _because(majority, always))
    console.print(table)
    console.print(
        f"\nbest epoch {result['best_epoch']} of {result['epochs']} "
        f"(validation macro-F1 {validation['macro_f1']:.4f}) · "
        f"{result['parameters']:,} parameters · {duration(result['seconds'])}"
    )
    if result["synthetic"]:
        console.print(
            f"note: {result['data']} is synthetic: its scores say nothing about real texts",
            style="yellow",
        )
    console.print(f"run: {result['run']}", soft_wrap=True)


def interval(scores: dict[str, Any], metric: str) -> str:
    """`0.861–0.903`, or nothing where no interval was worked out."""
    bounds = scores.get("interval_95", {}).get(metric)
    return f"{bounds[0]:.3f}–{bounds[1]:.3f}" if bounds else ""


def _scores(name: str, scores: dict[str, Any]) -> list[str]:
    if "accuracy" not in scores:
        return [name, "–", "", "–", ""]
    accuracy, macro_f1 = f"{scores['accuracy']:.4f}", f"{scores['macro_f1']:.4f}"
    return [name, accuracy, interval(scores, "accuracy"), macro_f1, interval(scores, "macro_f1")]


def _because(scores: dict[str, Any], otherwise: str) -> str:
    return f"skipped: {scores['skipped']}" if "skipped" in scores else otherwise
