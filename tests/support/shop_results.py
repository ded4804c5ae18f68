"""The made-up test results that pages of the documentation show: a shop, 24 runs in 12 days."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import event

from ci_stat.store.engine import open_engine
from ci_stat.store.results.setup import prepare_results
from tests.support.drawn_results import case, draw

_TRACE = "tests/test_cart.py:41: in test_total\n    assert cart.total() == 18\nE   got 17"
# A column for each run. The second run of a commit is a rerun.
_DRAWN = {
    "total": "P P | P P | P P | P P | P P | P P | P P | F F | F F | F F | F F | F F",
    "refund": "P P | P P | FP P | P P | P F | P P | P P | P P | P FP | P P | P P | P P",
    "reserve": "P P | P P | P P | P P | P P | P P | P P | P P | P P | P P | P P | P P",
    "release": "P P | P P | F F | F F | F F | F F | F F | F F | F F | F F | P P | P P",
    "voucher": ". . | . . | . . | . . | . . | . . | . . | . . | . . | . . | P P | P P",
}


def build_shop(path: Path) -> str:
    """Create the database. Returns its URL."""
    url = f"sqlite:///{path}"
    engine = open_engine(url)
    event.listen(engine, "connect", lambda raw, _: raw.execute("pragma synchronous = off"))
    prepare_results(engine)
    columns = {name: drawn.replace("|", "").split() for name, drawn in _DRAWN.items()}
    for number in range(1, 25):
        slow = 2.4 if number > 12 else 1.0
        wave = 1 + (number * 7 % 5) / 50  # durations are never all equal
        tests = {
            case("test_total", "tests.test_cart.TestCart", message="assert 17 == 18", text=_TRACE,
                 seconds=0.21 * wave): columns["total"],
            case("test_refund", "tests.test_pay.TestPay", message=f"timeout: {3000 + number} ms",
                 seconds=0.9 * wave): columns["refund"],
            case("test_reserve", "tests.test_stock.TestStock",
                 seconds=slow * wave): columns["reserve"],
            case("test_release", "tests.test_stock.TestStock", message="KeyError: 'lager'",
                 seconds=0.05 * wave): columns["release"],
            case("test_voucher", "tests.test_cart.TestCart", parameters="[gift]",
                 seconds=0.1 * wave): columns["voucher"],
        }  # fmt: skip
        draw(
            engine,
            {one: letters[number - 1] for one, letters in tests.items()},
            first=number,
            step=timedelta(hours=12),
            commit=f"{(number + 1) // 2 * 2654435761 % 2**32:08x}" * 5,
            repo="acme/shop",
            url=f"https://ci.example/unit/{number}",
        )
    return url
