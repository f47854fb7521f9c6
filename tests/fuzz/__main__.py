"""Fuzz for as long as wanted: python -m tests.fuzz [--seconds 600] [--seed N] [target ...]

Rounds of drawn inputs over all targets in turn. The first that breaks a promise ends the run with the smallest
input found.
"""

from __future__ import annotations

import argparse
import random
import sys
import time

from tests.fuzz.run import TARGETS, fuzz

_ROUND = 2_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=None, help="repeats a run")
    parser.add_argument("targets", nargs="*", default=sorted(TARGETS), help=f"of {', '.join(sorted(TARGETS))}")
    chosen = parser.parse_args()
    seed = random.randrange(2**32) if chosen.seed is None else chosen.seed
    print(f"seed {seed}")
    done = dict.fromkeys(chosen.targets, 0)
    spent = dict.fromkeys(chosen.targets, 0.0)
    end = time.monotonic() + chosen.seconds
    while time.monotonic() < end:
        # The target that has had the least time comes next, so that slow ones do not eat the run.
        name = min(chosen.targets, key=lambda target: spent[target])
        begun = time.monotonic()
        done[name] += fuzz(name, seed, examples=_ROUND, until=end)
        spent[name] += time.monotonic() - begun
        seed += 1
    for name, count in done.items():
        print(f"{name:<16} {count:>10} inputs in {spent[name]:6.1f} s")
    print(f"{sum(done.values())} inputs, no promise broken")


if __name__ == "__main__":
    sys.exit(main())
