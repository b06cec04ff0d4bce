"""What is done to the operator, and which figures come of it. Each phase returns {figure: value}."""

import signal
import time
import urllib.parse

import fleet
from server import OURS, by_verb, difference, writes
from usage import cpu, fine_cpu, memory


class Span:
    """CPU of API server and etcd between two moments."""

    def __init__(self, plane):
        self.plane = plane
        self.begin = self.now()

    def now(self):
        return {part: cpu(pid) for part, pid in self.plane.pids.items()}

    def end(self):
        return {part: value - self.begin[part] for part, value in self.now().items()}


def settled(operator, seconds):
    """Bare load ends by itself, and an operator comes to rest."""
    if operator.key == "limit":
        operator.process.wait(seconds)
    else:
        operator.wait_for_quiet()


def cold(plane, start, count):
    """start() runs a contestant on a fleet that nobody has seen. What it cost until all clusters had converged."""
    before, watch = plane.requests(), fleet.Convergence(plane, count)
    watch.start()
    watch.watching.wait(30)
    span = Span(plane)
    operator = start()
    try:
        seconds = watch.wait(120 + count) - operator.started
        used = span.end()
        own = {} if operator.key == "limit" else {
            "operator CPU per cluster, cold (ms)": cpu(operator.pid) * 1000 / count}
        settled(operator, 60)
        asked = difference(before, plane.requests())
        if own:
            resident, peak, _ = memory(operator.pid)
            own |= {"peak memory, cold (MiB)": peak, "resident after the cold start (MiB)": resident}
        return operator, {
            "children per cluster": fleet.check_children(plane, count),
            "clusters/s, cold": count / seconds,
            **own,
            "API server CPU per cluster, cold (ms)": used["kube-apiserver"] * 1000 / count,
            "etcd CPU per cluster, cold (ms)": used["etcd"] * 1000 / count,
            "requests per cluster, cold": sum(asked.values()) / count,
            **{f"{verb} per cluster, cold": number / count for verb, number in by_verb(asked).items()},
            "conflicts, cold": sum(number for what, number in asked.items() if what[3] == "409"),
        }
    except BaseException:
        print(operator.log_tail())
        operator.kill()
        raise


def warm(plane, start):
    before, span = plane.requests(), Span(plane)
    operator = start()
    seconds = operator.wait("all-processed") - operator.started
    used = cpu(operator.pid)
    operator.wait_for_quiet()
    resident, peak, anonymous = memory(operator.pid)
    asked, others = difference(before, plane.requests()), span.end()
    return operator, {
        "warm restart (s)": seconds,
        "warm restart, CPU until then (s)": used,
        "warm restart, CPU until quiet (s)": cpu(operator.pid),
        "warm restart, API server CPU (s)": others["kube-apiserver"],
        "warm restart, writes": writes(asked),
        "warm restart, reads": sum(asked.values()) - writes(asked),
        "peak memory, warm (MiB)": peak,
        "resident at rest (MiB)": resident,
        "anonymous at rest (MiB)": anonymous,
    }


def floor(start):
    """No cluster is declared: what there is before any work."""
    operator = start()
    try:
        time.sleep(2)  # for the watches
        operator.wait_for_quiet()
        return {"floor, resident without clusters (MiB)": memory(operator.pid)[0]}
    finally:
        operator.kill()


def rest(plane, operator, seconds):
    before, begin = plane.requests(), fine_cpu(operator.pid)
    time.sleep(seconds)
    used, asked = fine_cpu(operator.pid) - begin, difference(before, plane.requests())
    return {"CPU at rest (ms/s)": used * 1000 / seconds, "writes at rest": writes(asked)}


def no_op(operator, count, rounds=5):
    """All clusters are put into the queue, and nothing has changed."""
    used = took = 0
    for _ in range(rounds):
        operator.wait_for_quiet()
        begin = fine_cpu(operator.pid)
        operator.signal(signal.SIGUSR2)
        asked, done = operator.wait("enqueue"), operator.wait("all-processed")
        took += done - asked
        used += fine_cpu(operator.pid) - begin
    return {"CPU per no-op reconcile (ms)": used * 1000 / count / rounds,
            "no-op reconciles/s": count * rounds / took}


def touched(plane, operator, count):
    """Each cluster gets an annotation that means nothing: a real change to look at, and nothing to do."""
    operator.signal(signal.SIGUSR1)
    begin, client = fine_cpu(operator.pid), plane.client()
    for i in range(count):
        client.merge(fleet.path_of(i), {"metadata": {"annotations": {"example.com/touched": str(time.time_ns())}}})
    operator.wait("all-processed")
    operator.wait_for_quiet()
    return {"CPU per touched cluster, watch included (ms)": (fine_cpu(operator.pid) - begin) * 1000 / count}


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, round(share * (len(values) - 1)))]


def latencies(took):
    return {"edit to child written, p50 (ms)": percentile(took, 0.5) * 1000,
            "edit to child written, p99 (ms)": percentile(took, 0.99) * 1000}


def latency(plane, operator, count, samples=100):
    """From the answer to an edit of a tserver flag to the child's event, as a watcher sees it."""
    operator.wait_for_quiet()
    client, after = plane.client(), []
    with plane.client().watch("/api/v1/secrets", f"labelSelector={OURS}") as events:
        for i in range(samples):
            which = i * 7 % count
            wanted = f"{fleet.name_of(which)}-tserver-flags"
            flags = {"ysql_max_connections": str(100 + i)}
            client.merge(fleet.path_of(which), {"spec": {"tservers": {"flags": flags}}})
            edited = time.perf_counter()
            next(event for event in events if event["object"]["metadata"]["name"] == wanted)
            after.append(time.perf_counter() - edited)
            time.sleep(0.04)
    return latencies(after)


def one_apply(plane, samples=100):
    """The limit of the latency: one server-side apply, and its event."""
    client, took = plane.client(), []
    path = f"/api/v1/namespaces/{fleet.namespace_of(0)}/configmaps/floor"
    with plane.client().watch("/api/v1/configmaps", "fieldSelector=" + urllib.parse.quote("metadata.name=floor")) as events:
        for i in range(samples):
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "floor"}, "data": {"value": str(i)}}
            begin = time.perf_counter()
            client("PATCH", f"{path}?fieldManager=floor&force=true", body, "application/apply-patch+yaml")
            next(events)
            took.append(time.perf_counter() - begin)
            time.sleep(0.04)
    return latencies(took)
