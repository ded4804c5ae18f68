"""Our statistics beside SciPy, statsmodels, ruptures and Apache Otava: same answers, and time.

None of them is needed to run or to test ci_stat. Install them apart, and name that Python:

python -m venv build/oracles
build/oracles/bin/pip install scipy statsmodels ruptures apache-otava
python -m benchmarks.regression_oracles build/oracles/bin/python
"""

import argparse
import json
import subprocess
import time
from typing import Any

import numpy as np

from ci_stat.statistics.discovery import adjusted
from ci_stat.statistics.exact import tail_p
from ci_stat.statistics.shifts import WINDOW, shifts
from ci_stat.statistics.student import two_sided_p

_PRECISION = 1e-8
_NEAR = 5  # runs
_SERIES = 400

_ORACLE = """
import json, sys, time, warnings
import numpy as np
import ruptures
from otava.analysis import compute_change_points
from scipy import stats
from statsmodels.stats.multitest import multipletests

warnings.simplefilter("ignore")
asked = json.load(sys.stdin)
fisher = [
    stats.fisher_exact([[a, n - a], [b, m - b]], alternative="greater").pvalue
    for a, n, b, m in asked["tables"]
]
student = [2 * stats.t.sf(abs(t), df) for t, df in asked["values"]]
q_values = multipletests(asked["p_values"], method="fdr_bh")[1].tolist()
started = time.process_time()
otava = [
    [int(point.index) for point in compute_change_points(one, asked["window"], 0.001, 0.0)[0]]
    for one in asked["series"]
]
otava_seconds = time.process_time() - started
exact = [
    ruptures.Binseg(model="l2", min_size=3, jump=1).fit(np.array(one)).predict(n_bkps=1)[:-1]
    for one in asked["series"]
]
print(json.dumps({
    "fisher": fisher, "student": student, "q_values": q_values,
    "otava": otava, "otava_seconds": otava_seconds, "ruptures": exact,
}))
"""


def questions(seed: int) -> dict[str, Any]:
    """Tables, t values, p-values, and series of 200 logarithms with a shift of 30 %."""
    random = np.random.default_rng(seed)
    runs = random.integers(1, 200, (300, 2))
    failed = random.integers(0, runs + 1)
    tables = np.stack((failed[:, 0], runs[:, 0], failed[:, 1], runs[:, 1]), axis=1)
    places = random.integers(40, 160, _SERIES)
    level = np.where(np.arange(200) >= places[:, None], np.log(1.3), 0.0)
    return {
        "tables": tables.tolist(),
        "values": [
            [float(t), int(df)]
            for t, df in zip(random.normal(0, 6, 300), range(1, 301), strict=True)
        ],
        "p_values": (random.random(500) ** 3).tolist(),
        "series": (level + random.normal(0, 0.1, level.shape)).tolist(),
        "places": places.tolist(),
        "window": WINDOW,
    }


def ask(python: str, asked: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [python, "-c", _ORACLE],
        input=json.dumps(asked),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answers


def compare(python: str, seed: int) -> None:
    asked = questions(seed)
    theirs = ask(python, asked)
    _assert_near("Fisher's p-values", [tail_p(*row) for row in asked["tables"]], theirs["fisher"])
    ours = [two_sided_p(t, df) for t, df in asked["values"]]
    _assert_near("Student's p-values", ours, theirs["student"])
    _assert_near("q-values", adjusted(asked["p_values"]), theirs["q_values"])

    started = time.process_time()
    found = [[shift.position for shift in one] for one in shifts(list(np.exp(asked["series"])))]
    seconds = time.process_time() - started
    for name, positions in (
        ("ours", found),
        ("otava", theirs["otava"]),
        ("ruptures", theirs["ruptures"]),
    ):
        print(
            f"{name}: {_hits(positions, asked['places'])} of {_SERIES} shifts within {_NEAR} runs"
        )
    assert _hits(found, asked["places"]) >= _hits(theirs["otava"], asked["places"]) - _SERIES / 100
    print(f"{len(found)} series of 200: {seconds:.3f} s, Otava {theirs['otava_seconds']:.2f} s")
    print(f"ratio {seconds / theirs['otava_seconds']:.4f}")


def _assert_near(name: str, ours: list[float], theirs: list[float]) -> None:
    worst = float(np.max(np.abs(np.array(ours) - theirs) / np.maximum(theirs, 1e-290)))
    print(f"{name}: {len(ours)} compared, largest relative difference {worst:.1e}")
    assert worst < _PRECISION, name


def _hits(all_positions: list[list[int]], places: list[int]) -> int:
    return sum(
        any(abs(position - place) <= _NEAR for position in positions)
        for positions, place in zip(all_positions, places, strict=True)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", help="a Python that has the other packages")
    parser.add_argument("--seed", type=int, default=1, help="of the drawn questions [1]")
    arguments = parser.parse_args()
    compare(arguments.python, arguments.seed)


if __name__ == "__main__":
    main()
