"""Who is measured: our operator with and without the token, the peers that do the same work, and bare load as the limit."""

import os
import pathlib

from server import ROOT, environment

OURS = pathlib.Path(os.environ.get("YBC_BENCH_BINARY", ROOT / "build/bench/ybcluster-operator"))
NAMESPACE = ACCOUNT = "ybcluster-operator"


def ours(credentials, expect, ports, _):
    argv = [OURS, "run", *credentials.flags(), f"--health-port={ports[0]}", f"--metrics-port={ports[1]}",
            "--health-bind=127.0.0.1", "--metrics-bind=127.0.0.1", "--log-level=warn"]
    return argv, {**credentials.environment(), "YBC_BENCH_EXPECT": str(expect)}


def peer(variable, cache):
    """A program of peers/, which hack/bench has built and named in the environment; it is the service account, as ours is."""
    def start(credentials, expect, _, template):
        argv = [os.environ[variable], "--template", template, "--cache", cache, "--expect", str(expect)]
        return argv, {**environment(), "KUBECONFIG": str(credentials.folder / "kubeconfig")}
    return start


# The columns of the table, and how each is started.
STARTS = {
    "ours": ours,
    "ours_token": ours,
    "go": peer("YBC_GO_PEER", "default"),
    "go_lean": peer("YBC_GO_PEER", "metadata"),
    "kube_rs": peer("YBC_RUST_PEER", "default"),
    "kube_rs_lean": peer("YBC_RUST_PEER", "metadata"),
    "limit": peer("YBC_GO_PEER", "load"),
}
TITLES = {
    "ours": "the operator, without cryptography",
    "ours_token": "the operator, with the token",
    "go": "controller-runtime, default caches",
    "go_lean": "controller-runtime, metadata alone in its caches",
    "kube_rs": "kube-rs, default stores",
    "kube_rs_lean": "kube-rs, metadata alone in its stores",
    "limit": "bare load",
}


def missing(key):
    """Why it cannot be measured here; None if it can."""
    if key.startswith("kube_rs") and not os.environ.get("YBC_RUST_PEER"):
        return os.environ.get("YBC_RUST_WHY", "its program was not built")
    if key in ("go", "go_lean", "limit") and not os.environ.get("YBC_GO_PEER"):
        return "its program was not built"
    return None
