"""no_core.py BINARY: a running operator leaves no core, and no other process of its user may look into it."""

import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

NOBODY = 65534
KUBECONFIG = """contexts: [{name: c, context: {cluster: k, user: u}}]
current-context: c
clusters: [{name: k, cluster: {server: 'https://127.0.0.1:1'}}]
users: [{name: u, user: {token: t}}]
"""


def cores_are_wanted():
    """As far as we may: root may more than the limit that it was given."""
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except ValueError:
        most = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))


def start(*argv):
    """As a user without rights: root may look into anything. The sanitizer would forbid cores by itself."""
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            preexec_fn=cores_are_wanted, cwd="/", **user,
                            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0:disable_coredump=0"})


def core_limit(process):
    text = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
    return re.search(r"^Max core file size +(\S+) +(\S+)", text, re.MULTILINE).groups()


def open_to_its_user(process):
    return start("cat", f"/proc/{process.pid}/environ").wait() == 0


def wait_until_it_runs(process):
    """Its threads are there."""
    end = time.monotonic() + 60
    while len(list(pathlib.Path(f"/proc/{process.pid}/task").iterdir())) < 4:
        assert process.poll() is None, f"it ended with {process.returncode}"
        assert time.monotonic() < end, "it does not start"
        time.sleep(0.05)


def main(binary):
    other = start("sleep", "600")
    folder = pathlib.Path(tempfile.mkdtemp())
    operator = None
    try:
        folder.chmod(0o755)
        (folder / "kubeconfig").write_text(KUBECONFIG)
        shutil.copy(binary, folder / "operator")  # where anybody may read it
        operator = start(folder / "operator", "run", f"--kubeconfig={folder / 'kubeconfig'}", "--operator-namespace=n",
                         "--health-port=0", "--metrics-port=0", "--token-module=/nonexistent", "--token-label=t",
                         "--token-pin-file=/nonexistent")
        wait_until_it_runs(operator)
        assert open_to_its_user(other), "no process can be looked into: this test shows nothing"
        assert not open_to_its_user(operator), "another process of its user looks into it"
        assert core_limit(operator) == ("0", "0"), f"it leaves a core: {core_limit(operator)}"
    finally:
        for process in filter(None, (other, operator)):
            process.kill()
            process.wait()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(sys.argv[1])
