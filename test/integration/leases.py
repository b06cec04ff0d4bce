"""The operators' Lease: who leads, and since when."""

import datetime

from waiting import wait_until

NAME = "ybcluster-operator"


def lease(kubectl, home):
    return (kubectl.get("lease", NAME, home.namespace) or {}).get("spec", {})


def holder(kubectl, home):
    """Empty: nobody."""
    return lease(kubectl, home).get("holderIdentity", "")


def next_holder(kubectl, home, former):
    """The Lease when somebody else than the former holder has it."""
    def taken():
        now = lease(kubectl, home)
        return now.get("holderIdentity", "") not in ("", former) and now
    return wait_until(f"a holder after {former}", taken)


def time_of(text):
    """A Lease's acquireTime or renewTime, in seconds of the wall clock."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
