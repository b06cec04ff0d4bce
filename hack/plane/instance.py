"""One named control plane: its folder, ports, processes and what is put into it."""

import contextlib
import fcntl
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import time

import credentials
import parts
import processes

CACHE = pathlib.Path(os.environ["YBC_CACHE"])
FOLDERS = CACHE / "control-planes"
HOST_PATHS = "/tmp/hostpath_pv/"  # where kubernetes' own host-path provisioner makes its folders
# Below the range that the kernel gives to outgoing connections: a part that restarts finds its port free.
PORTS = range(20000, 32000)


class InstanceFailed(Exception):
    pass


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def names():
    return sorted(folder.name for folder in FOLDERS.glob("*") if (folder / "state.json").exists())


@contextlib.contextmanager
def lock():
    FOLDERS.mkdir(parents=True, exist_ok=True)
    with open(FOLDERS / "lock", "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Instance:
    def __init__(self, name):
        self.name, self.folder = name, FOLDERS / name
        self.program, self.kwok, self.stages = (os.environ[f"YBC_{what}"] for what in ("PROGRAM", "KWOK", "STAGES"))
        self.ports, self.options, self.running = {}, {}, {}
        if (self.folder / "state.json").exists():
            state = json.loads((self.folder / "state.json").read_text())
            self.ports, self.options, self.running = state["ports"], state["options"], state["running"]
            self.program = state["program"]  # the one it was started with, whatever was built since

    @property
    def exists(self):
        return bool(self.ports)

    @property
    def kubeconfig(self):
        return self.folder / "kubeconfig"

    def save(self):
        state = {"ports": self.ports, "options": self.options, "running": self.running,
                 "program": self.program}
        new = self.folder / "state.json.new"
        new.write_text(json.dumps(state, indent=2) + "\n")
        new.replace(self.folder / "state.json")

    def kubectl(self, *arguments, text=None, check=True):
        done = subprocess.run([self.program, "kubectl", f"--kubeconfig={self.kubeconfig}", *arguments], input=text,
                              capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise InstanceFailed(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def prepare(self, options):
        """Folder, ports, certificates. The ports of other instances count as taken even while those are down."""
        with lock():
            if self.exists:
                raise InstanceFailed(f"{self.name} is up already (hack/control-plane down {self.name} ends it)")
            if self.folder.exists():
                shutil.rmtree(self.folder)
            taken = {port for name in names() for port in Instance(name).ports.values()}
            free = (port for port in random.sample(PORTS, len(PORTS)) if port not in taken and is_free(port))
            self.ports = {name: next(free) for name in ("etcd", "etcd-peer", "kube-apiserver")}
            self.options = options
            (self.folder / "logs").mkdir(parents=True)
            self.folder.chmod(0o700)
            self.save()
        server = f"https://127.0.0.1:{self.ports['kube-apiserver']}"
        credentials.make(self.folder / "pki", server)
        credentials.write_kubeconfig(self.kubeconfig, server, self.folder / "pki", "admin")
        (self.folder / "bin").mkdir()
        (self.folder / "bin/kubectl").symlink_to(self.program)

    def start_part(self, part):
        if part in self.running and processes.alive(self.running[part]):
            return
        argv = parts.STARTED_IN_ORDER[part](self)
        self.running[part] = processes.start(argv, self.folder / f"logs/{part}.log")
        self.save()

    def stop_part(self, part, hard=False):
        if part in self.running:
            processes.stop(self.running[part], hard=hard)

    def wait_for(self, what, ready, seconds=90):
        deadline = time.monotonic() + seconds
        while not ready():
            for part, record in self.running.items():
                if not processes.alive(record) and part not in self.options["without"]:
                    raise InstanceFailed(f"{part} ended: {processes.tail(record['log'])}")
            if time.monotonic() > deadline:
                raise InstanceFailed(f"{what}: not after {seconds} s (logs in {self.folder / 'logs'})")
            time.sleep(0.1)

    def wait_for_apiserver(self):
        self.wait_for("API server ready", lambda: self.kubectl("get", "--raw=/readyz", check=False) == "ok")

    def up(self, options):
        self.prepare(options)
        for part in parts.STARTED_IN_ORDER:
            if part in options["without"]:
                continue
            self.start_part(part)
            if part == "kube-apiserver":
                say("etcd and the API server start")
                self.wait_for_apiserver()
                self.kubectl("apply", "--server-side", "-f", "-", text=json.dumps(objects(options["nodes"])))
        if not {"kwok", "kube-controller-manager"} & set(options["without"]):
            say(f"{options['nodes']} nodes join")
            self.wait_for("nodes ready", self.nodes_ready)

    def nodes_ready(self):
        paths = '{range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{.spec.taints}{"\\n"}{end}'
        states = self.kubectl("get", "nodes", "-o", f"jsonpath={paths}").split()
        account = self.kubectl("get", "serviceaccount", "default", "-n", "default", "-o", "name", "--ignore-not-found")
        return states == ["True"] * self.options["nodes"] and bool(account)

    def down(self):
        """Ends the processes of this instance and takes its folders away; what others run is not touched."""
        volumes = []
        if "kube-apiserver" in self.running and processes.alive(self.running["kube-apiserver"]):
            paths = "jsonpath={.items[*].spec.hostPath.path}"
            volumes = self.kubectl("get", "persistentvolumes", "-o", paths, "--request-timeout=5s", check=False).split()
        for part in reversed(list(self.running)):
            # The data go away with it: the API server need not wait for its watchers.
            self.stop_part(part, hard=part in parts.NEEDED)
        for volume in volumes:
            if volume.startswith(HOST_PATHS):
                shutil.rmtree(volume, ignore_errors=True)
        shutil.rmtree(self.folder)


def objects(nodes):
    """A default StorageClass, and nodes in three zones."""
    items = [{
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "kubernetes.io/host-path", "allowVolumeExpansion": True, "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    }]
    for i in range(nodes):
        name = f"node-{i + 1}"
        labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
                  "topology.kubernetes.io/zone": f"z{i % 3 + 1}", "topology.kubernetes.io/region": "here"}
        items.append({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {}})
    return {"apiVersion": "v1", "kind": "List", "items": items}
