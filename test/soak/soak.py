"""What churn and scale share."""

import sys
import time


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def wait_until(what, ready, seconds=300, every=0.5):
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what}: not after {seconds} s")
        time.sleep(every)
