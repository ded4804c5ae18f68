"""What is believed of two failure rates, before and after a change, until runs say more.

A rate is p = sin²(angle), with equal steps of the angle. These are the nodes of Gauss-Chebyshev
quadrature, so a mean over them is the integral over Jeffreys' prior Beta(1/2, 1/2), exactly for up
to `2 * NODES - 1` runs, and nearly so beyond. Two further nodes are the rates 0 and 1 themselves:
most tests never fail before they break, and many always fail afterwards.

On the better side of a change, the prior is Beta(1/2, 3/2): few tests fail most of the time before
they break.

A pair of rates that are nearly equal is no change that anybody looks for, and no number of runs
could rule it out. So the prior of a pair falls to zero where its rates meet, as the non-local
priors of V. E. Johnson and D. Rossell do (JRSS B 72 (2010), 143-170): by exp(-(least / h)²), where
h is twice the difference of the angles (Cohen's h). Equal h are equally hard to detect: an h of 0.4
is a change from 0 to 4 %, from 10 to 25 %, or from 50 to 70 %.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NODES = 32  # the fewest
_IMPOSSIBLE = -1e15
_KEPT = 64  # tables


class Direction(StrEnum):
    """How the rate changes."""

    WORSE = "worse"  # it fails more often
    BETTER = "better"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class RatePrior:
    """What is believed of the rates of a test.

    - `direction`: of the change.
    - `never`: the probability that the better side of the change never fails.
    - `always`: that the worse side always fails.
    - `least`: the h of a change that begins to count; 0 if each change counts the same. A change
      of this size has 37 % of the weight of a large one, of half the size 2 %.
    - `one_never`, `one_always`: as `never` and `always` of a test with one rate.
    """

    direction: Direction = Direction.WORSE
    never: float = 0.4
    always: float = 0.35
    least: float = 0.4
    one_never: float = 0.15
    one_always: float = 0.25


@dataclass(frozen=True, slots=True)
class RateTable:
    """A prior on nodes.

    - `rates`: of the nodes, rising; `log_failed` and `log_passed`: of a run at each of them.
    - `pairs`: the probability of each (rate before, rate after); `one`: of a single rate.
    """

    rates: Floats
    log_failed: Floats
    log_passed: Floats
    pairs: Floats
    one: Floats


def rate_table(prior: RatePrior, runs: int) -> RateTable:
    """The nodes and weights that suffice for so many runs."""
    nodes = NODES
    while nodes < pi * sqrt(runs):  # a step of the angle is less than its standard error
        nodes *= 2
    return _table(prior, nodes)


@lru_cache(_KEPT)
def _table(prior: RatePrior, nodes: int) -> RateTable:
    angles: Floats = (2 * np.arange(nodes, dtype=np.float64) + 1) * (pi / (4 * nodes))
    inside = np.sin(angles) ** 2
    rates = np.concatenate(([0.0], inside, [1.0]))
    passes = np.concatenate(([1.0], np.cos(angles) ** 2, [0.0]))
    angles = np.concatenate(([0.0], angles, [pi / 2]))

    better = _with_ends(passes[1:-1], prior.never, 0.0)
    worse = _with_ends(np.ones(nodes), 0.0, prior.always)
    rises = _rising_pairs(better, worse, angles, prior.least)
    one = _with_ends(np.ones(nodes), prior.one_never, prior.one_always)
    return RateTable(
        rates, log_of(rates), log_of(passes), _in_direction(rises, prior.direction), one
    )


def _with_ends(inside: Floats, never: float, always: float) -> Floats:
    """The weights of all nodes: those of the rates 0 and 1, and the others in proportion."""
    scaled = inside * ((1 - never - always) / inside.sum())
    return np.concatenate(([never], scaled, [always]))


def _rising_pairs(better: Floats, worse: Floats, angles: Floats, least: float) -> Floats:
    """The weight of each pair, of which the second rate is the larger one."""
    pairs = np.outer(better, worse) * _weights_by_size(angles, least)
    rising: Floats = np.triu(pairs, 1) + np.diag(pairs.diagonal() / 2)
    rising /= rising.sum()
    return rising


def _weights_by_size(angles: Floats, least: float) -> Floats:
    """How much a change between each pair of angles counts."""
    if least <= 0:
        return np.ones((len(angles), len(angles)))
    size = 2 * np.abs(angles[:, None] - angles)
    with np.errstate(divide="ignore"):
        weights: Floats = np.exp(-((least / size) ** 2))
    return weights


def _in_direction(rises: Floats, direction: Direction) -> Floats:
    if direction is Direction.WORSE:
        return rises
    if direction is Direction.BETTER:
        return rises.T
    return (rises + rises.T) / 2


def log_of(values: Floats) -> Floats:
    """The logarithm, of 0 one that can be multiplied with a count of 0."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(values), _IMPOSSIBLE)
