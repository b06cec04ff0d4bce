"""One operator under measurement."""

import random
import signal
import socket
import subprocess
import threading
import time

from contestants import ACCOUNT, NAMESPACE, OURS, STARTS
from server import ROOT, environment
from usage import fine_cpu


def free_ports(count):
    found = []
    for port in random.sample(range(20000, 32000), 500):
        with socket.socket() as probe:
            if len(found) < count and probe.connect_ex(("127.0.0.1", port)) != 0:
                found.append(port)
    return found


class Credentials:
    """The service account's kubeconfig, and a SoftHSM token with root and intermediate in it."""

    def __init__(self, plane, key):
        self.folder, self.token = plane.folder / f"operator-{key}", key == "ours_token"
        self.folder.mkdir()
        made = subprocess.run([ROOT / "hack/operator-credentials", self.folder, NAMESPACE, ACCOUNT], text=True, check=False,
                              capture_output=True, env={**environment(), "KUBECONFIG": str(plane.kubeconfig)})
        if made.returncode != 0:
            raise SystemExit(f"hack/operator-credentials: {made.stderr}")
        if self.token:
            self.init_token()

    def init_token(self, tries=5):
        """Rights that were granted a moment ago may not be known to the API server yet."""
        for attempt in range(tries):
            made = subprocess.run([OURS, "pki", "init", *self.flags()], check=False, env=self.environment(), capture_output=True, text=True)
            if made.returncode == 0:
                return
            time.sleep(attempt)
        raise SystemExit(f"pki init: {made.stderr}")

    def flags(self):
        flags = [f"--kubeconfig={self.folder / 'kubeconfig'}", f"--operator-namespace={NAMESPACE}"]
        if self.token:
            flags += ["--token-module=/usr/lib/softhsm/libsofthsm2.so", "--token-label=ybcluster-operator",
                      f"--token-pin-file={self.folder / 'pin'}"]
        return flags

    def environment(self):
        special = {"SOFTHSM2_CONF": str(self.folder / "softhsm2.conf")} if self.token else {"YBC_BENCH_NO_TOKEN": "1"}
        return {**environment(), **special}


class Operator:
    """Ours or a peer: whoever keeps to the contract of controller/bench.h."""

    def __init__(self, key, credentials, expect, template):
        self.key = key
        self.ports = free_ports(2)
        argv, variables = STARTS[key](credentials, expect, self.ports, template)
        self.log = credentials.folder / "operator.log"
        self.events, self.arrived = {}, threading.Condition()
        self.started = time.time()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, env=variables)
        self.pid = self.process.pid
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        """event NAME N UNIX-NANOSECONDS"""
        for line in self.process.stdout:
            _, name, _, when = line.split()
            with self.arrived:
                self.events[name] = int(when) / 1e9
                self.arrived.notify_all()

    def wait(self, name, seconds=600):
        """When it was, by the operator's own clock."""
        with self.arrived:
            if not self.arrived.wait_for(lambda: name in self.events or self.process.poll() is not None, seconds) \
                    or name not in self.events:
                raise SystemExit(f"the operator did not say {name}; its log ends so:\n{self.log_tail()}")
            return self.events.pop(name)

    def signal(self, which):
        with self.arrived:
            self.events.clear()
        self.process.send_signal(which)

    def wait_for_quiet(self, patience=120):
        """Until it has used no CPU to speak of for a second."""
        last, quiet = fine_cpu(self.pid), 0
        for _ in range(patience * 4):
            time.sleep(0.25)
            now = fine_cpu(self.pid)
            quiet = quiet + 1 if now - last < 0.004 else 0
            last = now
            if quiet == 4:
                return
        print("    (the operator does not come to rest)", flush=True)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(15) != 0:
            raise SystemExit(f"the operator ended with {self.process.returncode}:\n{self.log_tail()}")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def log_tail(self):
        return "\n".join(line[:400] for line in self.log.read_text(errors="replace").splitlines()[-10:])
