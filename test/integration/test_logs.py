"""What the operator says of itself: lines that programs read, events that people read, and no secrets in either; nor in what
it declares, nor where it shows how it was started."""

import base64
import contextlib
import json
import re

import pytest
from manifests import condition, wait_for_condition, wait_for_ready, yb_cluster
from operator_process import Operator
from waiting import wait_until

CONSOLE = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info |warn |error) [^"=]+( [a-z_]+="(\\.|[^"\\])*")*')


def check_json(line):
    entry = json.loads(line)
    assert list(entry)[:3] == ["ts", "level", "msg"] and all(isinstance(value, str) for value in entry.values()), line


def check_console(line):
    assert CONSOLE.fullmatch(line), line


def secrets_of(kubectl, namespace, home):
    """Everything of this cluster and of the operator that nobody may read in a log: passwords, keys line by line, PIN, token."""
    found = {(home.folder / "pin").read_text(), (home.folder / "token").read_text()}
    for secret in kubectl.list("secrets", namespace):
        for name, value in secret.get("data", {}).items():
            text = base64.b64decode(value).decode()
            if name.endswith(".key"):
                found |= {line for line in text.splitlines() if len(line) > 20 and not line.startswith("-----")}
            elif name in ("password", "uri"):
                found.add(text)
            if name.endswith(".key") or name == "password":
                found.add(value)
    assert len(found) > 8
    return found


def shown_by_the_kernel(operator):
    """How the operator was started: its arguments, and its environment if we are the administrator, who alone may read that."""
    yield (operator.proc / "cmdline").read_text()
    with contextlib.suppress(PermissionError):
        yield (operator.proc / "environ").read_text()


@pytest.mark.parametrize("form,check", [("json", check_json), ("console", check_console)])
def test_every_line(kubectl, home, new_namespace, form, check):
    """Of a cluster that is made, drifts, fails and goes, in the most talkative way, which holds none of its secrets."""
    namespace = new_namespace()
    operator = Operator(home, f"--log-format={form}", "--log-level=debug").start()
    try:
        kubectl.apply(yb_cluster("one", tier="Sandbox", nodes=1), namespace=namespace)
        wait_for_ready(kubectl, "one", namespace)
        before = secrets_of(kubectl, namespace, home)
        for name in ("one-admin", "one-tserver-tls", "one-tserver-flags"):
            kubectl.patch("secret", name, namespace, {"stringData": {"foreign": "somebody's own \"secret\"\nin two lines"}})
        kubectl.patch("ybcluster", "one", namespace, {"spec": {"allowLists": ["missing"], "tls": {"rotate": "now"}}})
        wait_for_condition(kubectl, "ybcluster", "one", namespace, "AllowListsApplied", "False")
        wait_until("rotated", lambda: secrets_of(kubectl, namespace, home) - before)
        secret = before | secrets_of(kubectl, namespace, home) | {"somebody's own", "in two lines"}
        told = [json.dumps(kubectl.list("ybclusters,statefulsets,pods", namespace)), *shown_by_the_kernel(operator)]
        kubectl.delete("ybcluster", "one", namespace, "--timeout=60s")
        told += [json.dumps(kubectl.list("events.events.k8s.io", namespace))]
    finally:
        operator.stop()
    log = operator.log_file.read_text()
    lines = log.splitlines()
    assert len(lines) > 30 and log.endswith("\n")
    for line in lines:
        check(line)
    assert all(told) and not [text for text in secret for place in (log, *told) if text in place]


def test_a_flood_of_events(kubectl, home, namespace):
    """The same words are one Event whose count grows; of other words only so many are made about one object."""
    operator = Operator(home).start()
    try:
        kubectl.apply(yb_cluster("one", tier="Sandbox", nodes=1), namespace=namespace)
        wait_for_ready(kubectl, "one", namespace)

        def events(reason):
            return [one for one in kubectl.list("events.events.k8s.io", namespace)
                    if one["reason"] == reason and one["regarding"]["kind"] == "YBCluster"]
        def comes_to(status):
            found = condition(kubectl.get("ybcluster", "one", namespace), "Ready")
            return found["status"] == status
        for i in range(30):
            for lists, status in (([f"missing-{i}"], "False"), ([], "True")):
                kubectl.patch("ybcluster", "one", namespace, {"spec": {"allowLists": lists}})
                wait_until(f"Ready={status}", lambda status=status: comes_to(status), 60, 0.05)
        series = wait_until("one Event of Ready, which counts", lambda: len(events("Ready")) == 1 and
                            events("Ready")[0].get("series", {}).get("count", 0) >= 2 and events("Ready")[0])
        assert series["series"]["lastObservedTime"] > series["eventTime"]
        notes = [one["note"] for one in events("NotReady")]
        assert len(set(notes)) == len(notes) and any("missing-0" in note for note in notes), notes

        def about():
            return [one for one in kubectl.list("events.events.k8s.io", namespace) if one["regarding"]["kind"] == "YBCluster"]
        wait_until("the last Event that is made", lambda: len(about()) >= 20)
        assert len(about()) <= 26, f"{len(about())} Events about one object"
        kubectl.delete("ybcluster", "one", namespace, "--timeout=60s")
    finally:
        operator.stop()
