"""The control plane that hack/control-plane starts, reached with the real kubectl."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WRITES = ("POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION")
LAST_OF_AUDIT = 1 << 20  # bytes, in which some line ends
SAMPLE = re.compile(r'^apiserver_request_total\{(?P<labels>.*)\} (?P<value>\S+)$', re.MULTILINE)


class Refused(Exception):
    """kubectl said no; `words` are its own."""

    def __init__(self, command, words):
        super().__init__(f"kubectl {command}: {words}")
        self.words = words


class ControlPlane:
    def __init__(self, name):
        self.name = name
        self.folder = self.kubectl = self.kubeconfig = None

    def command(self, *arguments):
        done = subprocess.run([ROOT / "hack/control-plane", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def up(self, *options):
        self.command("up", self.name, *options)
        self.attach()

    def attach(self):
        exports = dict(re.findall(r'^export (\w+)=("?[^:"\n]*)', self.command("env", self.name), re.MULTILINE))
        self.kubeconfig = pathlib.Path(exports["KUBECONFIG"])
        self.folder = self.kubeconfig.parent
        self.kubectl = Kubectl(self.kubeconfig, self.folder / "bin/kubectl")

    def down(self):
        self.command("down", self.name)

    @contextlib.contextmanager
    def frozen(self, component):
        """One component of it ("kube-controller-manager") does nothing for a while, and does not know."""
        running = (line.split("\t") for line in self.command("status", self.name).splitlines())
        pid = next(int(fields[3].removeprefix("pid ")) for fields in running if fields[1] == component)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def restart_apiserver(self, *options):
        self.command("restart-apiserver", self.name, *options)

    def writes(self):
        """Writes that the API server has counted, of everybody and everything but Leases: {(verb, resource): number}."""
        counts = {}
        for sample in SAMPLE.finditer(self.kubectl("get", "--raw=/metrics")):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', sample["labels"]))
            if labels["verb"] in WRITES and labels["resource"] != "leases" and not labels["dry_run"]:
                what = labels["verb"], f"{labels['resource']}/{labels['subresource']}".rstrip("/")
                counts[what] = counts.get(what, 0) + float(sample["value"])
        return counts

    def wait_for_quiet(self, seconds=5, patience=90):
        """Until nobody has written anything for some seconds."""
        before, since, end = self.writes(), time.monotonic(), time.monotonic() + patience
        while time.monotonic() - since < seconds:
            time.sleep(0.5)
            now = self.writes()
            if now != before:
                assert time.monotonic() < end, f"no rest within {patience} s: {changed(before, now)}"
                before, since = now, time.monotonic()

    def audit_end(self):
        """The place in the audit log where what is written from now on comes: behind the last whole line."""
        with open(self.folder / "logs/audit.log", "rb") as log:
            start = log.seek(max(0, log.seek(0, os.SEEK_END) - LAST_OF_AUDIT))
            return start + log.read().rfind(b"\n") + 1

    def audit_of_all(self, since=0):
        """The writes that the audit log knows: (user, verb, resource, namespace/name), the oldest first."""
        with open(self.folder / "logs/audit.log", "rb") as log:
            log.seek(since)
            for line in log:
                if not line.endswith(b"\n"):
                    return  # the API server is writing it
                entry = json.loads(line)
                about = entry.get("objectRef", {})
                kind = "/".join(filter(None, (about.get("resource"), about.get("subresource"))))
                yield entry["user"]["username"], entry["verb"], kind, f"{about.get('namespace', '')}/{about.get('name', '')}"

    def audit(self, user):
        """Those of one user: (verb, resource, namespace/name)."""
        return [entry[1:] for entry in self.audit_of_all() if entry[0] == user]


def changed(before, after):
    return {what: after[what] - before.get(what, 0) for what in after if after[what] != before.get(what, 0)}


class Kubectl:
    def __init__(self, kubeconfig, program="kubectl"):
        self.kubeconfig, self.program = kubeconfig, program

    def __call__(self, *arguments, text=None, timeout=120):
        argv = [self.program, f"--kubeconfig={self.kubeconfig}", *(str(argument) for argument in arguments)]
        done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False, timeout=timeout,
                              env={**os.environ, "KUBECONFIG": "/dev/null"})
        if done.returncode != 0:
            raise Refused(" ".join(argv[2:]), done.stderr.strip())
        return done.stdout

    def get(self, kind, name, namespace):
        """The object, or None."""
        out = self("get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found")
        return json.loads(out) if out.strip() else None

    def list(self, kinds, namespace, selector=None):
        arguments = ["-l", selector] if selector else []
        return json.loads(self("get", kinds, "-n", namespace, "-o", "json", *arguments))["items"]

    def apply(self, *documents, namespace):
        items = {"apiVersion": "v1", "kind": "List", "items": list(documents)}
        return self("apply", "--server-side", "--field-manager=test", "--force-conflicts", "-n", namespace, "-f", "-",
                    text=json.dumps(items))

    def new_namespace(self, name):
        """One in which only restricted pods run, from its first moment: a label that comes later is known to admission later."""
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        self("create", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}))

    def patch(self, kind, name, namespace, change, *options, how="merge"):
        return self("patch", kind, name, "-n", namespace, f"--type={how}", "-p", json.dumps(change), *options)

    def delete(self, kind, name, namespace, *options):
        return self("delete", kind, name, "-n", namespace, *options)
