"""The client and the watches alone, by their own unit test: test/unit/kube/live_test.c against this control plane."""

import os
import subprocess

import pytest
from operator_process import BINARY, COMPLAINT

PROGRAM = BINARY.parent / "test/kube_live_test"


@pytest.fixture
def gone_afterwards(kubectl):
    yield
    kubectl("delete", "namespace", "live-a", "live-b", "--wait=false", "--ignore-not-found")


def test_client_and_watches_against_a_real_server(plane, gone_afterwards):
    done = subprocess.run([PROGRAM], capture_output=True, text=True, check=False, timeout=300,
                          env={**os.environ, "YBC_LIVE_KUBECONFIG": str(plane.kubeconfig)})
    said = done.stdout + done.stderr
    assert done.returncode == 0 and not COMPLAINT.search(said), said
    assert said.count("[       OK ]") >= 9, f"a test was skipped:\n{said}"
