"""hack/bench: speed and memory of the operator on an API server without controllers, for several numbers of clusters."""

import argparse
import contextlib
import json
import os
import signal
import sys

import fleet
import phases
from process import NAMESPACE, Credentials
from server import ROOT, Plane

# Design figures to reach, without the token: at most (or for rates, at least) this.
GOALS = {
    "peak memory, warm (MiB)": {1000: 24, 3000: 40},
    "slope, resident per cluster (KiB)": {None: 8},
    "anonymous at rest (MiB)": {},
    "operator CPU per cluster, cold (ms)": {None: 4},
    "clusters/s, cold": {1000: 26},
    "API server CPU per cluster, cold (ms)": {None: 60},
    "etcd CPU per cluster, cold (ms)": {None: 12},
    "conflicts, cold": {None: 0},
    "warm restart (s)": {1000: 1.0},
    "warm restart, CPU until quiet (s)": {1000: 0.8},
    "warm restart, writes": {None: 0},
    "CPU per no-op reconcile (ms)": {None: 0.05},
    "edit to child written, p50 (ms)": {None: 5.0},
    "edit to child written, p99 (ms)": {None: 9},
    "CPU at rest (ms/s)": {None: 0.2},
    "writes at rest": {None: 0},
}


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def measure(count, token, rest):
    """One fresh control plane, one fleet, all phases."""
    plane, figures = Plane(f"bench-{os.getpid()}"), {}
    with contextlib.ExitStack() as stack:
        plane.up()
        stack.callback(plane.down)
        plane.kubectl("apply", "--server-side", "-k", ROOT / "deploy/overlays/all-namespaces")
        plane.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/ybclusters.yugabyte.com",
                      "crd/allowlists.yugabyte.com")
        plane.kubectl("get", "serviceaccount", "-n", NAMESPACE)
        credentials = Credentials(plane, token)
        fleet.declare(plane, count)
        say("cold start")
        operator, found = phases.cold(plane, credentials, count)
        stack.callback(operator.kill)
        figures |= found
        operator.stop()
        say("warm restart")
        operator, found = phases.warm(plane, credentials, count)
        stack.callback(operator.kill)
        figures |= found
        say("rest, no-op, touched, latency")
        figures |= phases.rest(plane, operator, rest)
        figures |= phases.no_op(operator, count)
        figures |= phases.touched(plane, operator, count)
        figures |= phases.one_apply(plane, count) | phases.latency(plane, operator, count)
        operator.stop()
    return figures


def text_of(value):
    if isinstance(value, dict):
        return None
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def add_slopes(results):
    """Between the smallest and the largest fleet of each kind."""
    for kind in {token for _, token, _ in results}:
        same = sorted((run for run in results if run[1] == kind), key=lambda run: run[0])
        (few, _, small), (many, _, large) = same[0], same[-1]
        if many > few:
            grown = large["resident at rest (MiB)"] - small["resident at rest (MiB)"]
            large["slope, resident per cluster (KiB)"] = grown * 1024 / (many - few)


def print_table(results):
    heads = [f"{count} {'token' if token else 'plain'}" for count, token, _ in results]
    names = list(dict.fromkeys(name for _, _, figures in results for name in figures))
    print(f"{'figure':46}" + "".join(f"{head:>14}" for head in heads) + f"{'goal':>8}")
    most = max(count for count, _, _ in results)
    for name in names:
        values = [text_of(figures.get(name)) for _, _, figures in results]
        goals = GOALS.get(name, {})
        goal = goals.get(most, goals.get(None))
        if None not in values:
            print(f"{name:46}" + "".join(f"{value:>14}" for value in values) + f"{'' if goal is None else goal:>8}")
    for head, (_, _, figures) in zip(heads, results):
        for name, value in figures.items():
            if isinstance(value, dict):
                print(f"{head}: {name}: " + ", ".join(f"{what} {number}" for what, number in value.items()))


def parse():
    top = argparse.ArgumentParser(prog="hack/bench", description=__doc__)
    top.add_argument("counts", metavar="N", nargs="*", type=int, default=[200, 1000], help="clusters (default: 200 1000)")
    top.add_argument("--only", choices=["token", "plain"], help="with the token only, or only without cryptography")
    top.add_argument("--rest", type=int, default=30, metavar="SECONDS", help="how long CPU at rest is measured (30)")
    top.add_argument("--json", metavar="FILE", help="write the figures there too")
    return top.parse_args()


def main():
    arguments, results = parse(), []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # by way of ExitStack: nothing stays behind
    for count in arguments.counts:
        for token in (False, True):
            if arguments.only not in (None, "token" if token else "plain"):
                continue
            say(f"{count} clusters, {'with the token' if token else 'without cryptography'}")
            results.append((count, token, measure(count, token, arguments.rest)))
    add_slopes(results)
    print_table(results)
    if arguments.json:
        entries = [{"clusters": count, "token": token, "figures": figures} for count, token, figures in results]
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"runs": entries, "goals": {k: v.get(None, v.get(1000)) for k, v in GOALS.items() if v}}, file, indent=1)


if __name__ == "__main__":
    main()
