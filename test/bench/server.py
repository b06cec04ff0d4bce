"""The API server under measurement: a control plane of its own, requests over plain HTTP/1.1, and what it counts."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import ssl
import subprocess
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLUSTERS = "/apis/yugabyte.com/v1beta1"
CHILD_KINDS = {
    "serviceaccounts": "/api/v1", "configmaps": "/api/v1", "secrets": "/api/v1", "services": "/api/v1",
    "networkpolicies": "/apis/networking.k8s.io/v1", "poddisruptionbudgets": "/apis/policy/v1",
    "statefulsets": "/apis/apps/v1",
}
SINGULAR = {
    "serviceaccounts": "ServiceAccount", "configmaps": "ConfigMap", "secrets": "Secret", "services": "Service",
    "networkpolicies": "NetworkPolicy", "poddisruptionbudgets": "PodDisruptionBudget", "statefulsets": "StatefulSet",
}
COUNTED = {*CHILD_KINDS, "ybclusters", "allowlists", "pods", "persistentvolumeclaims", "storageclasses", "events"}
WRITES = {"POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"}
OURS = urllib.parse.quote("app.kubernetes.io/managed-by=ybcluster-operator")
SAMPLE = re.compile(r"^apiserver_request_total\{(.*)\} (\S+)$", re.MULTILINE)


TRIES = 30  # a server that just started says 429 until its storage of custom resources is ready


class Plane:
    """etcd and API server, as a rule alone: nobody but the operator works, and no pod runs."""

    def __init__(self, name):
        self.name = name

    def command(self, *arguments):
        done = subprocess.run([ROOT / "hack/control-plane", *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"hack/control-plane {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def up(self, without="kube-controller-manager,kube-scheduler,kwok,cloud", nodes=0):
        """With everything of deploy/ in it but the operator's own pod."""
        leave_out = ("--without", without) if without else ()
        self.command("up", self.name, *leave_out, "--no-audit", "--nodes", str(nodes))
        self.kubeconfig = pathlib.Path(re.search(r"KUBECONFIG=(\S+)", self.command("env", self.name))[1])
        self.folder = self.kubeconfig.parent
        running = (line.split("\t") for line in self.command("status", self.name).splitlines())
        self.pids = {fields[1]: int(fields[3].removeprefix("pid ")) for fields in running}
        config = json.loads(self.kubeconfig.read_text())
        self.address = urllib.parse.urlsplit(config["clusters"][0]["cluster"]["server"]).netloc
        user = config["users"][0]["user"]
        self.tls = ssl.create_default_context(cafile=config["clusters"][0]["cluster"]["certificate-authority"])
        self.tls.load_cert_chain(user["client-certificate"], user["client-key"])

        self.kubectl("apply", "--server-side", "-k", ROOT / "deploy/overlays/all-namespaces")
        self.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/ybclusters.yugabyte.com", "crd/allowlists.yugabyte.com")

    def down(self):
        self.command("down", self.name)

    def kubectl(self, *arguments):
        argv = [self.folder / "bin/kubectl", f"--kubeconfig={self.kubeconfig}", *arguments]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"kubectl {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done.stdout

    def client(self):
        return Client(http.client.HTTPSConnection(self.address, context=self.tls, timeout=60))

    def requests(self):
        """What the API server has counted so far: {(verb, resource, subresource, code): number}."""
        counts = {}
        for sample in SAMPLE.finditer(self.client().raw("GET", "/metrics").decode()):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', sample[1]))
            if labels["resource"] in COUNTED:
                what = tuple(labels[name] for name in ("verb", "resource", "subresource", "code"))
                counts[what] = counts.get(what, 0) + int(float(sample[2]))
        return counts


class Client:
    """One connection that is kept; not for several threads at once."""

    def __init__(self, connection):
        self.connection = connection

    def ask(self, method, path, body, content_type):
        headers = {"Accept": "application/json", "User-Agent": "bench"}
        if body is not None:
            headers["Content-Type"] = content_type
        self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = self.connection.getresponse()
        return answer, answer.read()

    def raw(self, method, path, body=None, content_type="application/json"):
        for _ in range(TRIES):
            answer, text = self.ask(method, path, body, content_type)
            if answer.status != 429:
                break
            time.sleep(float(answer.headers.get("Retry-After", 1)))
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:400].decode()}")
        return text

    def __call__(self, *arguments):
        return json.loads(self.raw(*arguments))

    def merge(self, path, change):
        return self("PATCH", f"{path}?fieldManager=user", change, "application/merge-patch+json")

    @contextlib.contextmanager
    def watch(self, path, query=""):
        """Iterates over events from now on; the connection is used up."""
        version = self("GET", f"{path}?limit=1&{query}")["metadata"]["resourceVersion"]
        self.connection.request("GET", f"{path}?watch=1&resourceVersion={version}&{query}", headers={"User-Agent": "bench"})
        answer = self.connection.getresponse()
        try:
            yield (json.loads(line) for line in answer)
        finally:
            with contextlib.suppress(OSError):
                self.connection.sock and self.connection.sock.close()


def children(plane):
    """{(namespace, cluster): {(kind, name without the cluster's)}}"""
    found = {}
    client = plane.client()
    for kind, base in CHILD_KINDS.items():
        for item in client("GET", f"{base}/{kind}?labelSelector={OURS}")["items"]:
            metadata = item["metadata"]
            cluster = metadata["labels"]["yugabyte.com/cluster"]
            one = found.setdefault((metadata["namespace"], cluster), set())
            one.add((kind, metadata["name"].removeprefix(cluster)))
    return found


def difference(before, after):
    return {what: number - before.get(what, 0) for what, number in after.items() if number != before.get(what, 0)}


VERBS = ("APPLY", "PATCH", "POST", "PUT", "DELETE", "GET", "LIST", "WATCH")


def by_verb(counts):
    """{verb: number} of all VERBS, the status subresource with the rest."""
    return {verb: sum(number for (one, _, _, _), number in counts.items() if one == verb) for verb in VERBS}


def writes(counts):
    return sum(number for (verb, _, _, _), number in counts.items() if verb in WRITES)


def environment():
    return {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
