"""hack/test churn: clusters are created, edited (a flag, the port, lists, nodes) and deleted at random while the API server
restarts. Every round ends with all of them converged, then deleted; what the operator holds without clusters must not grow from
round to round. No pods run here, so nothing is rotated: pods would have to take that up."""

import argparse
import pathlib
import random
import re
import ssl
import time
import urllib.request

from soak import declared, say  # first: it says where the others are

import fleet
from contestants import ACCOUNT, NAMESPACE
from server import CLUSTERS, OURS
from usage import memory
from waiting import wait_until

WITHOUT = "kube-scheduler,kwok,cloud"  # the garbage collector runs, pods wait for a node
ROUNDS, PATIENCE = 4, 300
PORTS = (5433, 5533)
RANGES = ("198.51.100.0/24", "203.0.113.17/32", "2001:db8:100::/48", "192.0.2.0/25")
IDLE_SESSIONS = 16  # what controller/pki/token_session.h keeps


class Churn:
    def __init__(self, plane, seed, most):
        self.plane, self.random, self.most = plane, random.Random(seed), most
        self.client, self.done = plane.client(), {"create": 0, "edit": 0, "delete": 0}
        self.there = {}  # of each cluster that was not deleted its nodes

    def create(self, i):
        wanted = fleet.cluster(i)
        wanted["spec"]["deletionPolicy"] = "Delete"
        self.client("POST", f"{CLUSTERS}/namespaces/{fleet.namespace_of(i)}/ybclusters?fieldManager=user", wanted)
        self.there[i] = wanted["spec"]["nodes"]

    def edit(self, i):
        edits = (self.flag, self.ports, self.lists, self.scale_up)
        self.client.merge(fleet.path_of(i), {"spec": self.random.choice(edits)(i)})

    def flag(self, _):
        return {"tservers": {"flags": {"ysql_max_connections": str(self.random.randint(100, 999))}}}

    def ports(self, _):
        return {"endpoints": {"ysql": {"port": self.random.choice(PORTS)}}}

    def lists(self, i):
        """The cluster has its list or none, and what stands on the list changes for all who have it."""
        entries = [{"cidr": cidr} for cidr in self.random.sample(RANGES, 2)]
        self.client.merge(f"{CLUSTERS}/namespaces/{fleet.namespace_of(i)}/allowlists/offices", {"spec": {"entries": entries}})
        return {"allowLists": self.random.choice([[], ["offices"]])}

    def scale_up(self, i):
        self.there[i] += 1
        return {"nodes": self.there[i]}

    def delete(self, i):
        self.client("DELETE", fleet.path_of(i))
        self.there.pop(i)

    def step(self):
        """A name that is being deleted is not taken anew before it is gone."""
        live = {int(one["metadata"]["name"][3:]) for one in self.clusters()}
        free = [i for i in range(self.most) if i not in live]
        choices = ["create"] * 2 * bool(free) + ["edit", "edit", "delete"] * bool(self.there)
        if choices:
            what = self.random.choice(choices)
            getattr(self, what)(self.random.choice(free if what == "create" else sorted(self.there)))
            self.done[what] += 1

    def clusters(self):
        return self.client("GET", f"{CLUSTERS}/ybclusters")["items"]

    def churn(self, seconds):
        end, restart_at = time.monotonic() + seconds, time.monotonic() + seconds / 2
        while time.monotonic() < end:
            self.step()
            time.sleep(self.random.uniform(0.05, 0.3))
            if restart_at and time.monotonic() > restart_at:
                self.restart_apiserver()
                restart_at = None

    def restart_apiserver(self):
        self.plane.command("restart-apiserver", self.plane.name)
        self.client = self.plane.client()

    def all_converged(self):
        live = {int(one["metadata"]["name"][3:]): one for one in self.clusters()}
        behind = {one["metadata"]["name"]: one.get("status", {}).get("conditions") for one in live.values() if not fleet.converged(one)}
        assert live.keys() == self.there.keys() and not behind, f"{len(live)} of {len(self.there)}; behind: {behind}"
        return True

    def nothing_left(self):
        """No cluster, and none of the objects that were its own: the collector takes those a moment later."""
        kinds = ("api/v1/secrets", "api/v1/configmaps", "apis/apps/v1/statefulsets", "apis/networking.k8s.io/v1/networkpolicies")
        return not self.clusters() and not any(self.client("GET", f"/{kind}?labelSelector={OURS}")["items"] for kind in kinds)


class Scraper:
    """Reads the operator's metrics as Prometheus would, by a service account that may."""

    def __init__(self, plane, operator):
        name, role = "scraper", f"{ACCOUNT}-metrics-reader"
        plane.kubectl("create", "serviceaccount", name, "-n", NAMESPACE)
        plane.kubectl("create", "clusterrolebinding", name, f"--clusterrole={role}", f"--serviceaccount={NAMESPACE}:{name}")
        self.plane, self.url = plane, f"https://127.0.0.1:{operator.ports[1]}/metrics"
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE  # signed by itself, made at start

    def value(self, series):
        token = self.plane.kubectl("create", "token", "scraper", "-n", NAMESPACE).strip()
        request = urllib.request.Request(self.url, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10, context=self.context) as answer:
            page = answer.read().decode()
        return int(float(re.search(rf"^{series} (\S+)$", page, re.MULTILINE)[1]))


def held(operator, scraper):
    """What the process holds: anonymous memory (MiB), open files, threads, sessions of the token."""
    folder = pathlib.Path(f"/proc/{operator.pid}")
    files, threads = (len(list((folder / what).iterdir())) for what in ("fd", "task"))
    return memory(operator.pid)[2], files, threads, scraper.value("ybcluster_token_sessions")


def rounds(churn, operator, scraper, seconds):
    samples = []
    for number in range(ROUNDS):
        churn.churn(seconds / ROUNDS)
        wait_until("all clusters converge", churn.all_converged, PATIENCE)
        for i in sorted(churn.there):
            churn.delete(i)
        wait_until("all clusters and their objects go", churn.nothing_left, PATIENCE)
        operator.wait_for_quiet()
        samples.append(held(operator, scraper))
        say("round {}: {:.1f} MiB, {} files, {} threads, {} token sessions; so far {}".format(number + 1, *samples[-1], churn.done))
    return samples


def judge(samples):
    """The first rounds fill pools and buffers, and how many connections that takes differs; from then on nothing may grow but by what
    the allocator moves about, and sessions up to those that are kept idle."""
    memories, files, threads, sessions = zip(*samples)
    if memories[-1] > memories[0] * 1.15 + 3 or files[-1] > max(files[:2]) + 4 or threads[-1] > max(threads[:2]) \
            or sessions[-1] > IDLE_SESSIONS:
        raise SystemExit(f"the operator grows: {samples}")


def parse():
    top = argparse.ArgumentParser(description=__doc__)
    top.add_argument("--seconds", type=float, default=60, help="of churn, in four rounds (60)")
    top.add_argument("--clusters", type=int, default=20, metavar="N", help="at most so many at once (20)")
    top.add_argument("--seed", type=int, default=1)
    return top.parse_args()


def main():
    arguments = parse()
    with declared("churn", 0, WITHOUT) as (plane, start):
        operator = start()
        churn, scraper = Churn(plane, arguments.seed, arguments.clusters), Scraper(plane, operator)
        samples = rounds(churn, operator, scraper, arguments.seconds)
        judge(samples)
        operator.stop()
        print("churn: {create} created, {edit} edited, {delete} deleted, {restarts} restarts of the API server; ".format(
            restarts=ROUNDS, **churn.done) + f"memory {samples[0][0]:.1f} -> {samples[-1][0]:.1f} MiB; passed")


if __name__ == "__main__":
    main()
