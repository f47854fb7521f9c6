"""`python -m tests.oracle.soak`: the oracle for as long as you like, by a fast seeded loop."""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

from tests.oracle.course import WAYS, open_stage, take
from tests.oracle.stage import Mismatch, Stage
from tests.oracle.tally import KINDS, Tally

_STEPS = 120
_LEAST_HITS = 0.3


def episode(seed: int, tally: Tally, enough: int, deadline: float) -> None:
    """One stage from its first questions on; all that happens follows from the seed."""
    stage = Stage(seed, tally)
    try:
        open_stage(stage)
        ways, weights = list(WAYS), list(WAYS.values())
        for step in range(_STEPS):
            if tally.checked >= enough or time.monotonic() > deadline:
                return
            way = stage.chance.choices(ways, weights)[0]
            stage.tell(f"-- step {step}: {way.__name__}")
            take(stage, way)
    finally:
        stage.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.soak", description=__doc__)
    parser.add_argument("--reads", type=int, default=200_000, help="reads to check (default %(default)s)")
    parser.add_argument("--seed", type=int, help="the first episode's seed (default: another one each time)")
    parser.add_argument("--minutes", type=float, default=1e6, help="end after so long")
    parser.add_argument("--report", type=Path, help="also write a mismatch to this file")
    chosen = parser.parse_args()
    sys.setswitchinterval(0.0005)
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(10**9)
    tally, began, told = Tally(), time.monotonic(), 0.0
    deadline = began + chosen.minutes * 60
    while tally.checked < chosen.reads and time.monotonic() < deadline:
        try:
            episode(seed, tally, chosen.reads, deadline)
        except Mismatch as mismatch:
            print(f"{mismatch}\n\nagain with: python -m tests.oracle.soak --seed {seed}\n{tally}")
            if chosen.report:
                chosen.report.write_text(f"{mismatch}\n")
            return 1
        except BaseException:
            print(f"ended in the episode of seed {seed}", file=sys.stderr)
            raise
        seed += 1
        if time.monotonic() - told > 10:
            told = time.monotonic()
            print(_progress(tally, began, seed), flush=True)
    print(f"{_progress(tally, began, seed)}\n{tally}")
    if tally.hit_ratio < _LEAST_HITS:
        print(f"vacuous: less than {_LEAST_HITS:.0%} of the answers came from the store")
        return 1
    missing = [kind for kind in KINDS if not tally.kinds[kind]]
    if missing:
        print(f"vacuous: no answer was {', '.join(missing)}")
        return 1
    return 0


def _progress(tally: Tally, began: float, seed: int) -> str:
    rate = tally.checked / (time.monotonic() - began)
    return f"{tally.checked} reads, {rate:.0f}/s, {tally.hit_ratio:.0%} hits, next seed {seed}"


if __name__ == "__main__":
    sys.exit(main())
