"""Runs that are not independent: those of one pull request fail together.

Ten failed runs of one pull request tell less about the CI than one failed run of ten pull requests.
"""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Clusters:
    """Sums over clusters (pull requests; a nightly run is one of its own).

    - `count`, `runs`: failed runs and finished runs of all clusters.
    - `number`: the clusters.
    - `count_squares`, `products`, `run_squares`: the sums of count², count x runs, and runs².
    """

    count: int = 0
    runs: int = 0
    number: int = 0
    count_squares: int = 0
    products: int = 0
    run_squares: int = 0

    @classmethod
    def single(cls, count: int, runs: int) -> Self:
        """`runs` independent runs, of which `count` failed."""
        return cls(count, runs, runs, count, count, runs)

    def __add__(self, other: "Clusters") -> "Clusters":
        return Clusters(
            self.count + other.count,
            self.runs + other.runs,
            self.number + other.number,
            self.count_squares + other.count_squares,
            self.products + other.products,
            self.run_squares + other.run_squares,
        )

    @property
    def effect(self) -> float:
        """The design effect: by how much clusters inflate the variance of the rate; at least 1.

        The variance of the ratio estimator, divided by that of independent runs. Source: J. N. K.
        Rao and A. J. Scott, A simple method for the analysis of clustered binary data, Biometrics
        48 (1992), 577-585. Never below 1, and 1 for fewer than two clusters: an estimate must not
        make the data look better than independent runs.
        """
        if self.number < 2 or self.count in (0, self.runs):
            return 1.0
        rate = self.count / self.runs
        residuals = self.count_squares - 2 * rate * self.products + rate * rate * self.run_squares
        variance = self.number / (self.number - 1) * residuals
        return max(1.0, variance / (self.runs * rate * (1 - rate)))


def affected_effect(runs_of_cluster: list[int]) -> float:
    """The design effect of a rare failure, from its runs in each affected cluster; at least 1.

    The limit of `Clusters.effect` for a small rate, where the unaffected runs add nothing.
    """
    runs = sum(runs_of_cluster)
    return max(1.0, sum(n * n for n in runs_of_cluster) / runs) if runs else 1.0
