"""What the hands of a user can do to a namespace, and what they wait for."""

import time

from manifests import condition
from waiting import ROLLOUT

SETTLED = 1  # seconds without a write, before a state counts as reached
PATIENCE = ROLLOUT  # seconds for one step


def state_of(cluster):
    """Its conditions, and what it waits for, in one line."""
    status, about = cluster.get("status", {}), cluster["metadata"]
    told = [f"{one['type']}={one['status']} {one['reason']} ({one['message']})" for one in status.get("conditions", [])]
    return f"{about['name']}: generation {about['generation']}/{status.get('observedGeneration')} {' '.join(told)}"


class Hands:
    def __init__(self, api, namespace):
        self.api, self.namespace, self.patience = api, namespace, PATIENCE

    def look_after(self):
        """Called again and again while something is waited for."""

    def quiet_since(self):
        """For how many seconds no operator has written."""
        return SETTLED + 1

    def get(self, kind, name):
        return self.api.get(kind, name, self.namespace)

    def live(self, kind):
        """What is there and ours, all of it."""
        return [one for one in self.api.list(kind, self.namespace)
                if one["kind"] == "AllowList" or "yugabyte.com/cluster" in one["metadata"].get("labels", {})]

    def apply(self, *documents):
        for document in documents:
            self.api.apply(document, self.namespace)

    def patch(self, name, change):
        self.api.patch("ybclusters", name, self.namespace, change)

    def wait(self, what, check, seconds=None):
        """Until check() is true; meanwhile the operator is looked after."""
        deadline = time.monotonic() + (seconds or self.patience)
        while not (seen := check()):
            self.look_after()
            assert time.monotonic() < deadline, f"{what}: not within {seconds or self.patience} s; {self.conditions()}"
            time.sleep(0.1)
        return seen

    def conditions(self):
        return "; ".join(state_of(one) for one in self.api.list("ybclusters", self.namespace)) or "no cluster"

    def observed(self, wanted_ready):
        """Every object's status is of its present generation; and clusters are Ready, if they shall be."""
        for one in self.api.list("ybclusters", self.namespace) + self.api.list("allowlists", self.namespace):
            if one.get("status", {}).get("observedGeneration") != one["metadata"]["generation"]:
                return False
            if wanted_ready and one["kind"] == "YBCluster" and \
                    (condition(one, "Ready").get("status") != "True" or condition(one, "Reconciling")):
                return False
        return True

    def settle(self, step):
        def there():
            """Asks the API server, of whom many lanes ask much, only when the operator rests."""
            return self.quiet_since() > SETTLED and self.observed(step.ready) and step.done(self) \
                and self.quiet_since() > SETTLED and self.observed(step.ready)
        self.wait(step.name, there)
