"""hack/test scale: many clusters at once, with the token, while the API server restarts in the middle.

alone: etcd and API server alone, so that no pod runs: every status current, certificates and allow lists in place, all children
there; then the operator starts anew and writes nothing.
pods:  the whole control plane, with simulated nodes: every cluster Ready."""

import argparse
import time

from soak import declared, say  # first: it says where the others are

import fleet
from server import CLUSTERS, difference, writes
from usage import cpu, memory
from waiting import wait_until

PAGE = 500
PODS_OF_A_CLUSTER, PODS_OF_A_NODE = 6, 100
SECONDS_A_CLUSTER = 3  # with pods, on two cores; a limit, not a measure


def ready(live):
    conditions = {one["type"]: one["status"] for one in live.get("status", {}).get("conditions", [])}
    return fleet.converged(live) and conditions.get("Ready") == "True" and "Reconciling" not in conditions


class Scale:
    def __init__(self, plane, count, good):
        self.plane, self.count, self.good = plane, count, good

    def clusters(self):
        """On a connection of its own: one that rests for minutes, or over a restart, is closed."""
        client, token = self.plane.client(), ""
        while True:
            page = client("GET", f"{CLUSTERS}/ybclusters?limit={PAGE}&continue={token}")
            yield from page["items"]
            token = page["metadata"].get("continue")
            if not token:
                return

    def how_many(self):
        return sum(self.good(one) for one in self.clusters())

    def at_least(self, wanted):
        return wait_until(f"{wanted} of {self.count} clusters as they should be", lambda: self.how_many() >= wanted,
                          120 + SECONDS_A_CLUSTER * self.count, 2)

    def restart_apiserver(self):
        self.plane.command("restart-apiserver", self.plane.name)

    def come_up(self, operator):
        """All of them, though the API server goes away when half of them are there."""
        begun = time.monotonic()
        self.at_least(self.count // 2)
        self.restart_apiserver()
        self.at_least(self.count)
        operator.wait_for_quiet()
        children = fleet.check_children(self.plane, self.count)
        say("{} clusters of {} children each after {:.0f} s; the operator: {:.0f} s of CPU, {:.0f} MiB now, {:.0f} at its peak".format(
            self.count, children, time.monotonic() - begun, cpu(operator.pid), *memory(operator.pid)[:2]))


def stay(scale, start):
    """A new operator finds everything as it should be."""
    before, operator = scale.plane.requests(), start()
    operator.wait_for_quiet()
    written = {what: number for what, number in difference(before, scale.plane.requests()).items() if what[1] != "events"}
    if writes(written) or scale.how_many() != scale.count:
        raise SystemExit(f"after a restart it wrote: {written}")
    say(f"a new operator wrote nothing, used {cpu(operator.pid):.1f} s of CPU, has {memory(operator.pid)[0]:.0f} MiB")
    operator.stop()


def run(name, count, good, without, nodes):
    with declared("scale", count, without, nodes) as (plane, start):
        say(f"{name}: {count} clusters are declared")
        scale = Scale(plane, count, good)
        operator = start()
        scale.come_up(operator)
        operator.stop()
        stay(scale, start)


def main():
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--alone", type=int, default=2000, metavar="N", help="clusters without pods (2000)")
    top.add_argument("--pods", type=int, default=200, metavar="N", help="clusters with pods (200)")
    wanted = top.parse_args()
    if wanted.alone:
        run("alone", wanted.alone, fleet.converged, "kube-controller-manager,kube-scheduler,kwok,cloud", 0)
    if wanted.pods:
        nodes = 3 * -(-wanted.pods * PODS_OF_A_CLUSTER // PODS_OF_A_NODE // 3)
        run("pods", wanted.pods, ready, None, max(nodes, 3))
    print(f"scale: {wanted.alone} clusters alone, {wanted.pods} with pods; passed")


if __name__ == "__main__":
    main()
