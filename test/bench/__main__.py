"""hack/bench: the operator, two peers and bare load on an API server without controllers, for several numbers of clusters."""

import argparse
import contextlib
import json
import os
import pathlib
import signal
import sys
import tempfile

import documents
import figures
import fleet
import phases
from contestants import NAMESPACE, STARTS, TITLES, missing
from process import Credentials, Operator
from server import Plane


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def fresh_plane():
    plane = Plane(f"bench-{os.getpid()}")
    try:
        plane.up()
        plane.kubectl("get", "serviceaccount", "-n", NAMESPACE)
        yield plane
    finally:
        plane.down()


@contextlib.contextmanager
def starter(key, plane, count, template):
    """A function that starts the contestant; whatever it started has ended afterwards."""
    credentials = Credentials(plane, key)
    with contextlib.ExitStack() as stack:
        def start():
            operator = Operator(key, credentials, count, template)
            stack.callback(operator.kill)
            return operator
        yield start


def make_template(path):
    say("our operator makes the cluster whose documents the peers shall make")
    with fresh_plane() as plane, starter("ours", plane, 1, path) as start:
        fleet.declare(plane, 1)
        phases.cold(plane, start, 1)
        path.write_text(json.dumps(documents.template(plane)))


def floors(keys, path):
    say("without clusters")
    found = {}
    with fresh_plane() as plane:
        for key in keys:
            if key != "limit":
                with starter(key, plane, 0, path) as start:
                    found[key] = phases.floor(start)
    return found


def measure(key, count, path, rest):
    """All phases of one contestant, on a fresh control plane."""
    say(f"{count} clusters: {TITLES[key]}")
    with fresh_plane() as plane, starter(key, plane, count, path) as start:
        fleet.declare(plane, count)
        operator, found = phases.cold(plane, start, count)
        if key == "limit":
            return found | phases.one_apply(plane)
        operator.stop()
        operator, more = phases.warm(plane, start)
        found |= more | phases.rest(plane, operator, rest)
        found |= phases.no_op(operator, count) | phases.touched(plane, operator, count)
        found |= phases.latency(plane, operator, count)
        operator.stop()
        return found


def key_list(text):
    chosen = text.split(",")
    if not set(chosen) <= set(STARTS):
        raise argparse.ArgumentTypeError(f"any of {', '.join(STARTS)}")
    return chosen


def parse():
    top = argparse.ArgumentParser(prog="hack/bench", description=__doc__)
    top.add_argument("counts", metavar="N", nargs="*", type=int, default=[200, 1000], help="clusters (default: 200 1000)")
    top.add_argument("--only", type=key_list, metavar="CONTESTANT,...", default=[key for key in STARTS if key not in figures.ON_REQUEST],
                     help=f"any of {', '.join(STARTS)} (default: all but {', '.join(figures.ON_REQUEST)})")
    top.add_argument("--rest", type=int, default=30, metavar="SECONDS", help="how long CPU at rest is measured (30)")
    top.add_argument("--json", metavar="FILE", help="write the figures there too")
    return top.parse_args()


def able(keys):
    for key in keys:
        if why := missing(key):
            say(f"not measured: {TITLES[key]}: {why}")
    return [key for key in keys if not missing(key)]


def main():
    arguments = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # by way of the contexts: nothing stays behind
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        keys, path, results = able(arguments.only), pathlib.Path(folder) / "template.json", {}
        make_template(path)
        least = floors(keys, path)
        for count in arguments.counts:
            results[count] = {key: measure(key, count, path, arguments.rest) for key in keys}
            figures.add_slopes(results[count], least, count)
            table = figures.rows({count: results[count]})
            figures.print_table(table)
            if arguments.json:
                figures.write_json(figures.rows(results), arguments.json)  # after each N: what there is stays


if __name__ == "__main__":
    main()
