"""What a part of a network computes and with which weights, as data: its equations, its arrays."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import NamedTuple

from rnncli.spec import Spec

__all__ = ["Equation", "Weight", "formulas", "told_with"]


class Equation(NamedTuple):
    """A line of a part's mathematics."""

    text: str
    """The line; a setting's name in braces stands for its value."""
    when: tuple[str, object] | None = None
    """The setting and the value with which it holds; always if None."""


class Weight(NamedTuple):
    """An array of weights, or one gate's share of it."""

    gate: str
    """Whose it is; empty where there are no gates."""
    name: str
    """Its role: kernel, recurrent, bias, …"""
    shape: tuple[int, ...]

    @property
    def parameters(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)

    @property
    def multiply_adds(self) -> int:
        """Multiplications (each with an addition) by it in one step; a bias is added alone."""
        return 0 if "bias" in self.name else self.parameters


def formulas(spec: Spec, equations: Iterable[Equation]) -> tuple[str, ...]:
    """The lines that hold with the settings of a spec, their values filled in."""
    return tuple(
        equation.text.format_map(dict(spec))
        for equation in equations
        if equation.when is None or getattr(spec, equation.when[0]) == equation.when[1]
    )


def told_with(equation: Equation) -> str:
    """A line for all settings: where one decides over it, it says so; others keep their names."""
    text = equation.text.replace("{", "").replace("}", "")
    if equation.when is None:
        return text
    name, value = equation.when
    return f"{text:<48}  with {name}: {str(value).lower()}"
