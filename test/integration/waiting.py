"""Waiting for what must come true: with an end, and saying what was seen last."""

import time

# Seconds for pods to be replaced one by one. One that comes anew under its name before the disruption controller saw the old one go
# counts as evicted still, and its budget allows no other one for 2 minutes (DeletionTimeout in kube-controller-manager). Where that
# controller is more than 300 ms behind (hack/plane/pod-delete.yaml) it still happens.
ROLLOUT = 300


def wait_until(what, check, seconds=60, pause=0.25):
    """Calls check() until it returns something true, and returns that. An AssertionError of check() means: not yet; so does it when
    check() looks into what is not there for the moment: an object, a field, an entry."""
    deadline, seen = time.monotonic() + seconds, None
    while True:
        try:
            seen = check()
            if seen:
                return seen
        except (AssertionError, LookupError, TypeError, AttributeError) as error:
            seen = error
        if time.monotonic() > deadline:
            cause = seen if isinstance(seen, Exception) else None
            raise AssertionError(f"{what}: not within {seconds} s; last seen: {seen!r}") from cause
        time.sleep(pause)


def stays(what, check, seconds, pause=0.5):
    """check() must be true all the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert check(), f"{what}: no longer"
        time.sleep(pause)
