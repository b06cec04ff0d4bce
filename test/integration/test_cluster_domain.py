"""--cluster-domain: the names of servers end in it, and what is no domain is refused at the start."""

import base64
import subprocess

import pytest
from cryptography import x509
from manifests import wait_for_ready, yb_cluster
from operator_process import BINARY, Operator


@pytest.mark.parametrize("domain", ["", "Cluster.Local", "cluster.local.", "cluster..local", ".local", "a b", "x/y", "a" * 254])
def test_what_is_no_domain_is_refused_at_the_start(home, domain):
    done = subprocess.run([BINARY, "run", *home.flags(), f"--cluster-domain={domain}"], capture_output=True, text=True,
                          check=False, env=home.environment(), timeout=60)
    assert done.returncode == 2 and "--cluster-domain" in done.stderr and "is no DNS domain" in done.stderr, done.stderr


def test_names_end_in_the_domain(kubectl, home, namespace):
    operator = Operator(home, "--cluster-domain=k8s.example").start()
    try:
        kubectl.apply(yb_cluster("one"), namespace=namespace)
        wait_for_ready(kubectl, "one", namespace)
        assert kubectl.get("ybcluster", "one", namespace)["status"]["endpoints"][0]["host"] == f"one.{namespace}.svc.k8s.example"
        data = kubectl.get("secret", "one-tserver-tls", namespace)["data"]
        pem, = [base64.b64decode(value) for key, value in data.items() if key.startswith("node.") and key.endswith(".crt")]
        leaf = x509.load_pem_x509_certificate(pem)
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
        assert {f"*.one-tservers.{namespace}.svc.k8s.example", f"one.{namespace}.svc.k8s.example"} <= set(names), names
        for server in ("master", "tserver"):
            pod = str(kubectl.get("statefulset", f"one-{server}", namespace)["spec"]["template"])
            assert ".svc.k8s.example" in pod and "cluster.local" not in pod
        kubectl.delete("ybcluster", "one", namespace, "--timeout=60s")
    finally:
        operator.stop()
