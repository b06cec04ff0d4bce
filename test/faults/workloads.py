"""What is done to clusters while faults happen. A step is an edit and the state that it must lead to."""

import base64
import dataclasses
import datetime
import typing

from manifests import allow_list, condition, yb_cluster


@dataclasses.dataclass
class Step:
    name: str
    act: typing.Callable
    done: typing.Callable = lambda run: True
    ready: bool = True  # every cluster must be Ready, and nothing under way


@dataclasses.dataclass
class Workload:
    name: str
    steps: list
    setup: list = dataclasses.field(default_factory=list)
    stops: bool = False  # pods go away because that is what was asked for
    races: bool = False  # how far things come before the next edit differs from run to run: only the end is compared


def create(*names, lists=(), **spec):
    return Step("create", lambda run: run.apply(*lists, *(yb_cluster(name, **spec) for name in names)),
                lambda run: len(run.api.list("ybclusters", run.namespace)) == len(names))


def patch(name, change, done=lambda run: True, **more):
    return Step(name, lambda run: run.patch("one", change), done, **more)


def delete(left=lambda run: True):
    """Deleted, and nothing is left but what may be."""
    return Step("delete", lambda run: run.api.delete("ybclusters", "one", run.namespace),
                lambda run: not run.api.list("ybclusters", run.namespace) and not run.live("statefulsets")
                and not run.live("secrets") and not run.live("pods") and left(run), ready=False)


def ready_pods(number):
    return lambda run: len([pod for pod in run.live("pods") if condition(pod, "Ready").get("status") == "True"]) == number


def no_volumes(run):
    return not run.live("persistentvolumeclaims")


def grown(run):
    sizes = [one["status"].get("capacity", {}).get("storage") for one in run.live("persistentvolumeclaims")
             if "tserver" in one["metadata"]["name"]]
    template = run.get("statefulsets", "one-tserver")
    return set(sizes) == {"3Gi"} and template and "3Gi" in str(template["spec"]["volumeClaimTemplates"])


def serves(port):
    def check(run):
        service, tservers = run.get("services", "one"), [pod for pod in run.live("pods") if "tserver" in pod["metadata"]["name"]]
        return service and [one["port"] for one in service["spec"]["ports"]] == [port] and len(tservers) == 3 \
            and all(str(port) in str(pod["spec"]["containers"][0]["ports"]) for pod in tservers)
    return check


def ranges(run):
    policy = run.get("networkpolicies", "one-clients") or {"spec": {}}
    return {source["ipBlock"]["cidr"] for rule in policy["spec"].get("ingress", []) for source in rule["from"]}


def open_to(*wanted):
    return lambda run: ranges(run) == set(wanted)


def balanced(*wanted):
    """The load balancer's own ranges are those of the policy; those of nobody may stand for a family of addresses that has none."""
    def check(run):
        service = run.get("services", "one") or {"spec": {}}
        return open_to(*wanted)(run) and set(service["spec"].get("loadBalancerSourceRanges", [])) - NOBODY == set(wanted)
    return check


def in_seconds(seconds):
    then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


def open_or_expired(run):
    """Where it was never open, the counts tell; where that was not seen in time, nothing is wrong."""
    office = run.get("allowlists", "office")["spec"]["entries"]
    return open_to(OFFICE, HOME)(run) or in_seconds(0) >= office[-1]["expiresAt"]


def edit_list(*entries):
    return lambda run: run.apply(allow_list("office", *(entry() if callable(entry) else entry for entry in entries)))


def current(run):
    """Every pod is made from its StatefulSet's present template, as our annotations tell."""
    templates = {one["metadata"]["name"]: one["spec"]["template"]["metadata"]["annotations"] for one in run.live("statefulsets")}
    for pod in run.live("pods"):
        carries = pod["metadata"].get("annotations", {})
        wanted = templates.get(pod["metadata"]["name"].rpartition("-")[0], {})
        if any(carries.get(key) != value for key, value in wanted.items()):
            return False
    return True


def remembered(kind, name, pick):
    """(act that keeps what is there now, check that there is something else)"""
    kept = {}

    def keep(run):
        kept[run.namespace] = pick(run.get(kind, name))
    return keep, lambda run: (found := run.get(kind, name)) and pick(found) not in (None, kept[run.namespace])


def rotation(change, kind, name, pick, **more):
    keep, changed = remembered(kind, name, pick)

    def act(run):
        keep(run)
        run.patch("one", change)
    return Step("rotate", act, lambda run: changed(run) and one_ca(run) and current(run), **more)


def one_root(configmap):
    text = configmap["data"]["root.crt"]
    return text if text.count("BEGIN CERTIFICATE") == 1 else None


def one_ca(run):
    """What the servers trust is what clients are told."""
    root = run.get("configmaps", "one-ca")["data"]["root.crt"].strip()
    secrets = [one for one in run.live("secrets") if "ca.crt" in one["data"]]
    return all(base64.b64decode(one["data"]["ca.crt"]).decode().strip() == root for one in secrets)


def served(secret):
    return next(base64.b64decode(value) for name, value in secret["data"].items() if name.startswith("node."))


def label_taken(*children):
    """Another hand takes off these (kind, name) the label that says whose they are."""
    def act(run):
        for kind, name in children:
            run.api.patch(kind, name, run.namespace, {"metadata": {"labels": {"yugabyte.com/cluster": None}}})

    def back(run):
        return all(run.get(*child)["metadata"]["labels"].get("yugabyte.com/cluster") == "one" for child in children)
    return Step("take labels", act, back)


def half_built(first):
    """Deleted as soon as there is one of these."""
    def act(run):
        create("one", deletionPolicy="Delete").act(run)
        run.wait("a first child", lambda: run.live(first))
        run.api.delete("ybclusters", "one", run.namespace)
    return act


def upgrade(run):
    """Another operator comes while the first one scales: its policies have one resolver more."""
    run.patch("one", {"spec": {"nodes": 4}})
    run.supervised.renew("--dns-cidr=203.0.113.53/32", wait=False)


def resolver_known(run):
    return "203.0.113.53" in str(run.get("networkpolicies", "one-internal")) and ready_pods(7)(run)


EXPIRES = 15  # seconds after it was added
NOBODY = {"192.0.2.0/32", "100::/128"}
OFFICE, HOME = "198.51.100.0/24", "192.0.2.7/32"
LISTED = create("one", lists=[allow_list("office", OFFICE)], allowLists=["office"])
PUBLIC = create("one", lists=[allow_list("office", OFFICE)], allowLists=["office"], endpoints={"exposure": "Public"})
SMALL = {"nodes": 1, "faultTolerance": "None", "tls": {"caOverlap": "2s"}}
ROTATE_CA = rotation({"spec": {"tls": {"rotateCA": "first"}}}, "configmaps", "one-ca", one_root)

WORKLOADS = [
    Workload("create", [create("one")]),
    Workload("create-two", [create("one", "two")]),
    Workload("scale-up", [patch("scale up", {"spec": {"nodes": 5}}, ready_pods(8))], [create("one")]),
    Workload("grow-volumes", [patch("grow", {"spec": {"tservers": {"storage": {"size": "3Gi"}}}}, grown)], [create("one")]),
    Workload("change-flags", [patch("flags", {"spec": {"tservers": {"flags": {"ysql_num_shards_per_tserver": "2"}}}}, current)],
             [create("one")]),
    Workload("change-port", [patch("another port", {"spec": {"endpoints": {"ysql": {"port": 6543}}}}, serves(6543)),
                             patch("and back", {"spec": {"endpoints": {"ysql": {"port": 5433}}}}, serves(5433))], [create("one")]),
    Workload("edit-list", [Step("edit", edit_list(HOME), open_to(HOME))], [LISTED]),
    Workload("edit-list-public", [Step("edit", edit_list(HOME), balanced(HOME))], [PUBLIC]),
    Workload("list-expires", [
        Step("edit", edit_list(OFFICE, lambda: {"cidr": HOME, "expiresAt": in_seconds(EXPIRES)}), open_or_expired, ready=False),
        Step("expire", lambda run: None, open_to(OFFICE))], [LISTED]),
    Workload("list-deleted", [
        Step("delete", lambda run: run.api.delete("allowlists", "office", run.namespace),
             lambda run: not run.live("allowlists") and open_to()(run), ready=False)], [LISTED]),
    Workload("pause-resume", [patch("pause", {"spec": {"desiredState": "Paused"}}, ready_pods(0), ready=False),
                              patch("resume", {"spec": {"desiredState": "Running"}}, ready_pods(6))], [create("one")], stops=True),
    Workload("rotate-leaves", [rotation({"spec": {"tls": {"rotate": "first"}}}, "secrets", "one-tserver-tls", served)],
             [create("one")]),
    Workload("rotate-ca", [ROTATE_CA], [create("one", **SMALL)], stops=True),
    Workload("rotate-ca-of-three", [ROTATE_CA], [create("one", tls={"caOverlap": "2s"})]),
    Workload("labels-taken", [
        label_taken(("statefulsets", "one-master"), ("statefulsets", "one-tserver")),
        label_taken(("services", "one"), ("networkpolicies", "one-deny"), ("configmaps", "one-ca"), ("secrets", "one-tserver-tls"))],
        [create("one")], races=True),
    Workload("delete-retain", [delete()], [create("one")], stops=True),
    Workload("delete-delete", [delete(no_volumes)], [create("one", deletionPolicy="Delete")], stops=True),
    Workload("delete-half-built", [Step("create and delete", half_built("networkpolicies"), delete(no_volumes).done, ready=False)],
             stops=True, races=True),
    Workload("delete-starting", [Step("create and delete", half_built("persistentvolumeclaims"), delete(no_volumes).done, ready=False)],
             stops=True, races=True),
    Workload("create-anew", [delete(no_volumes), create("one", deletionPolicy="Delete")],
             [create("one", deletionPolicy="Delete")], stops=True),
    Workload("upgrade", [Step("scale and upgrade", upgrade, resolver_known)], [create("one")]),
]
