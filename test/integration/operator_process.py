"""One running operator: the real program with its service account's rights, its log, its end."""

import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from control_plane import ROOT
from waiting import wait_until

BINARY = pathlib.Path(os.environ.get("YBCLUSTER_OPERATOR", ROOT / "build/asan/ybcluster-operator"))
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
COMPLAINT = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehavior|runtime error:")
# Seconds after SIGTERM, with what the leak checker needs at the end, and a token that makes an RSA key just then, on a busy machine. The
# 2 that are promised are measured where neither is (test_faults.py).
ENDS_WITHIN = 10


given_ports = set()


def free_port():
    """Another one each time: nobody listens at it before who asked for it does."""
    for port in random.sample(range(20000, 32000), 1000):
        with socket.socket() as probe:
            if port not in given_ports and probe.connect_ex(("127.0.0.1", port)) != 0:
                given_ports.add(port)
                return port
    raise AssertionError("no free port")


class Home:
    """Where an operator's credentials are: a folder that hack/operator-credentials filled."""

    module, more = SOFTHSM, {}

    def __init__(self, folder, plane, namespace, account):
        self.folder, self.namespace = folder, namespace
        self.user = f"system:serviceaccount:{namespace}:{account}"
        if folder.exists():  # of an earlier run on the same control plane, whose authorities are in this token
            return
        folder.mkdir()
        done = subprocess.run([ROOT / "hack/operator-credentials", folder, namespace, account], capture_output=True,
                              text=True, check=False, env={**os.environ, "KUBECONFIG": str(plane.kubeconfig)})
        assert done.returncode == 0, done.stderr
        self.pki("init")

    def copy(self, folder):
        """A home with a token of its own that can be spoilt; the service account and the authorities are the same."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("*.log"))
        for file, inside in (("softhsm2.conf", "tokens"), ("kubeconfig", "token")):
            path = folder / file
            path.write_text(path.read_text().replace(str(self.folder / inside), str(folder / inside)))
        one = object.__new__(Home)
        one.folder, one.namespace, one.user = folder, self.namespace, self.user
        return one

    def use_module(self, module, environment):
        """Another way to the same token."""
        self.module, self.more = module, environment

    def flags(self):
        return [f"--kubeconfig={self.folder / 'kubeconfig'}", f"--operator-namespace={self.namespace}",
                f"--token-module={self.module}", "--token-label=ybcluster-operator",
                f"--token-pin-file={self.folder / 'pin'}"]

    def environment(self):
        clean = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
        return {**clean, "SOFTHSM2_CONF": str(self.folder / "softhsm2.conf"), **self.more}

    def pki(self, command):
        done = subprocess.run([BINARY, "pki", command, *self.flags()], capture_output=True, text=True, check=False,
                              env=self.environment(), timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


class Operator:
    """All operators that were started stand in `started`, for the report of a failed test."""

    started = []

    def __init__(self, home, *options):
        self.home, self.options = home, options
        self.process = self.port = self.metrics_port = None
        self.log_file = home.folder / f"operator-{len(Operator.started)}.log"
        Operator.started.append(self)

    def start(self, ready=True):
        self.launch()
        wait_until("operator ready", lambda: self.answers("/readyz" if ready else "/healthz"), 60, 0.05)
        return self

    def launch(self):
        self.port, self.metrics_port = free_port(), free_port()
        argv = [BINARY, "run", *self.home.flags(), f"--health-port={self.port}", f"--metrics-port={self.metrics_port}",
                "--health-bind=127.0.0.1", "--metrics-bind=127.0.0.1", "--log-format=json", *self.options]
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self.home.environment(), start_new_session=True)

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def proc(self):
        return pathlib.Path("/proc", str(self.process.pid))

    def answers(self, path):
        code = self.process.poll()
        if code is not None:
            raise RuntimeError(f"the operator ended with {code}:\n{self.log_tail()}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def log_tail(self, lines=60):
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:]) if self.log_file.exists() else ""

    def wait_for_main(self):
        """Until it waits for SIGTERM: before its main() that ends a process without a word. The kernel takes what a thread waits for
        off its mask meanwhile: then the other threads, which have it from main(), tell."""
        for _ in range(200):
            if any(self.blocked(thread) >> (signal.SIGTERM - 1) & 1
                   for thread in (self.proc / "task").iterdir()):
                return
            time.sleep(0.05)

    @staticmethod
    def blocked(thread):
        """The signals that it does not take; none of one that has ended."""
        try:
            return int(re.search(r"^SigBlk:\s*(\w+)", (thread / "status").read_text(), re.MULTILINE)[1], 16)
        except OSError:
            return 0

    def stop(self):
        """SIGTERM, and everything that must hold at the end: code 0, soon, and no word of a sanitizer."""
        assert self.running, f"the operator had ended before its time: {self.log_tail()}"
        self.wait_for_main()
        self.process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        try:
            code = self.process.wait(ENDS_WITHIN + 10)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("SIGTERM does not end the operator") from None
        took = time.monotonic() - asked
        self.check_log()
        assert code == 0, f"exit code {code}"
        assert took < ENDS_WITHIN, f"took {took:.1f} s to end"

    def kill(self):
        if self.running:
            self.process.kill()
            self.process.wait()

    def check_log(self):
        found = COMPLAINT.search(self.log_file.read_text(errors="replace"))
        assert not found, f"a sanitizer complains in {self.log_file}:\n{self.log_tail(120)}"
