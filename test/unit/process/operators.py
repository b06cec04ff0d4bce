"""An operator without an API server: enough for what holds for the process."""

import pathlib
import shutil
import tempfile
import time

KUBECONFIG = """contexts: [{name: c, context: {cluster: k, user: u}}]
current-context: c
clusters: [{name: k, cluster: {server: 'https://127.0.0.1:1'}}]
users: [{name: u, user: {token: t}}]
"""


class Folder:
    """Where any user may read the program and its kubeconfig; gone at the end of a with statement."""

    def __init__(self, binary):
        self.binary = binary

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp())
        self.path.chmod(0o755)
        (self.path / "kubeconfig").write_text(KUBECONFIG)
        shutil.copy(self.binary, self.path / "operator")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def argv(self, module):
        return [self.path / "operator", "run", f"--kubeconfig={self.path / 'kubeconfig'}", "--operator-namespace=n",
                "--health-port=0", "--metrics-port=0", f"--token-module={module}", "--token-label=t", "--token-pin-file=/nonexistent"]


def wait_until_it_runs(process):
    """Its threads are there."""
    end = time.monotonic() + 60
    while len(list(pathlib.Path(f"/proc/{process.pid}/task").iterdir())) < 4:
        assert process.poll() is None, f"it ended with {process.returncode}"
        assert time.monotonic() < end, "it does not start"
        time.sleep(0.05)
