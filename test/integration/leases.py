"""The operators' Lease: who leads, and since when."""

import datetime

from operator_process import Operator
from waiting import wait_until

NAME = "ybcluster-operator"
TAKE_OVER = 20  # seconds, at most, after a leader that died


def lease(kubectl, home):
    return (kubectl.get("lease", NAME, home.namespace) or {}).get("spec", {})


def holder(kubectl, home):
    """Empty: nobody."""
    return lease(kubectl, home).get("holderIdentity", "")


def leads(operator):
    """By its own log: it says so once it acts on what it leads."""
    return '"reconciling"' in operator.log_file.read_text()


def two(kubectl, home, *options):
    """(one that leads, one that waits, who holds the Lease). One is ready before it leads, and whoever was killed holds the Lease until
    it runs out."""
    first = Operator(home, *options).start()
    wait_until("the first one leads", lambda: leads(first))
    return first, Operator(home, *options).start(ready=False), holder(kubectl, home)


def next_holder(kubectl, home, former):
    """The Lease when somebody else than the former holder has it."""
    def taken():
        now = lease(kubectl, home)
        return now.get("holderIdentity", "") not in ("", former) and now
    return wait_until(f"a holder after {former}", taken)


def handed_over(history, former):
    """The Lease as its former holder gave it back, and as the next one took it: both are over before anybody can look."""
    written = [live["spec"] for _, _, _, live in history.so_far() if live["metadata"]["name"] == NAME]
    held = max(index for index, spec in enumerate(written) if spec.get("holderIdentity", "") == former)
    released, taken = written[held + 1:held + 3]
    assert not released.get("holderIdentity"), "it was taken from a holder that had not given it back"
    return released, taken


def time_of(text):
    """A Lease's acquireTime or renewTime, in seconds of the wall clock."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
