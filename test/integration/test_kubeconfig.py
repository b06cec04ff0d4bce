"""Ways to the API server that a kubeconfig may name, against the real one: proxies, other names, certificates, plugins."""

import datetime
import json
import subprocess

import pytest
from connect_proxy import ConnectProxy
from manifests import allow_list, wait_for_condition
from operator_process import Operator
from waiting import wait_until

ELSEWHERE = "kubernetes.example.invalid"
SERVED_NAME = "kubernetes.default.svc"  # in the API server's certificate, as "127.0.0.1" is


def client_certificate(plane, folder, user):
    """A certificate of the cluster's own CA for that user, as the CSR API would issue it: paths of certificate and key."""
    key, request, certificate = (folder / f"client.{suffix}" for suffix in ("key", "csr", "crt"))
    pki = plane.folder / "pki"
    for command in (
            ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-subj", f"/CN={user}",
             "-out", request],
            ["x509", "-req", "-in", request, "-CA", pki / "ca.crt", "-CAkey", pki / "ca.key", "-days", "1", "-out", certificate]):
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    return certificate, key


def plugin(folder, *answers):
    """A program that gives one answer after the other, the last one again and again, and keeps what it was told."""
    program, given = folder / "plugin", folder / "plugin.runs"
    for i, status in enumerate(answers):
        (folder / f"answer-{i}").write_text(json.dumps({
            "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}))
    program.write_text(f"""#!/bin/sh
echo "$KUBERNETES_EXEC_INFO" >>"{given}"
runs=$(wc -l <"{given}")
[ "$runs" -le {len(answers)} ] || runs={len(answers)}
cat "{folder}/answer-$((runs - 1))"
""")
    program.chmod(0o700)
    return {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", "interactiveMode": "Never",
            "provideClusterInfo": True}, given


def in_seconds(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Way:
    """A kubeconfig of its own in a copy of the operator's home."""

    def __init__(self, home, folder):
        self.home = home.copy(folder / "home")
        self.folder = self.home.folder
        self.path = self.folder / "kubeconfig"
        self.config = json.loads(subprocess.run(
            [str(self.folder.parent / "kubectl"), "config", "view", "--raw", "--flatten", "-o", "json", f"--kubeconfig={self.path}"],
            check=True, capture_output=True, text=True).stdout)
        self.cluster = self.config["clusters"][0]["cluster"]
        self.token = (self.folder / "token").read_text()

    def write(self, user):
        self.config["users"][0]["user"] = user
        self.path.write_text(json.dumps(self.config))


@pytest.fixture
def way(plane, home, tmp_path):
    (tmp_path / "kubectl").symlink_to(plane.folder / "bin/kubectl")
    return Way(home, tmp_path)


def works(kubectl, operator, namespace):
    """It reads, watches and writes: a list gets its status."""
    kubectl.apply(allow_list("list", "198.51.100.0/24"), namespace=namespace)
    wait_for_condition(kubectl, "allowlist", "list", namespace, "Ready", "True")
    kubectl.delete("allowlist", "list", namespace, "--timeout=30s")
    assert operator.answers("/readyz")


def test_a_client_certificate_through_a_proxy_by_another_name(plane, kubectl, namespace, home, way):
    """Only the proxy knows where the host of the URL is, and the certificate is for tls-server-name."""
    certificate, key = client_certificate(plane, way.folder, home.user)
    port = int(way.cluster["server"].rsplit(":", 1)[1])
    with ConnectProxy({f"{ELSEWHERE}:{port}": ("127.0.0.1", port)}) as proxy:
        way.cluster |= {"server": f"https://{ELSEWHERE}:{port}", "proxy-url": proxy.url, "tls-server-name": SERVED_NAME}
        way.write({"client-certificate": certificate.name, "client-key": key.name})
        operator = Operator(way.home).start()
        try:
            works(kubectl, operator, namespace)
            assert set(proxy.asked) == {f"{ELSEWHERE}:{port}"}
        finally:
            operator.stop()
        del way.cluster["tls-server-name"]
        way.write({"client-certificate": certificate.name, "client-key": key.name})
        operator = Operator(way.home).start(ready=False)
        wait_until("the name of the certificate is said to be wrong", lambda: ELSEWHERE in operator.log_tail())
        assert not operator.answers("/readyz")
        operator.stop()
        assert not proxy.failures


def test_a_plugin_whose_answers_end_and_are_refused(plane, kubectl, namespace, home, way):
    """The first answer is refused, the second one ends, the third is a certificate: each time it is asked anew."""
    certificate, key = client_certificate(plane, way.folder, home.user)
    # An answer counts as ended 10 s ahead of its time.
    exec_user, runs = plugin(
        way.folder, {"token": "refused-" + "x" * 20}, {"token": way.token, "expirationTimestamp": in_seconds(30)},
        {"clientCertificateData": certificate.read_text(), "clientKeyData": key.read_text()})
    way.write({"exec": exec_user})
    operator = Operator(way.home).start()
    try:
        wait_until("the third answer, while it is at work", lambda: works(kubectl, operator, namespace) or
                   len(runs.read_text().splitlines()) == 3, 60)
        works(kubectl, operator, namespace)
        told = [json.loads(line)["spec"] for line in runs.read_text().splitlines()]
        assert len(told) == 3 and all(one["cluster"]["server"] == way.cluster["server"] for one in told)
        log = operator.log_file.read_text()
        assert way.token not in log and "refused-xxx" not in log and "PRIVATE KEY" not in log
    finally:
        operator.stop()


@pytest.mark.parametrize("user", [{}, {"token": "nonsense"}], ids=["nobody", "a wrong token"])
def test_who_is_not_known_is_not_ready(way, user):
    way.write(user)
    operator = Operator(way.home).start(ready=False)
    wait_until("the refusal is said", lambda: "orbidden" in operator.log_tail() or "nauthorized" in operator.log_tail())
    assert not operator.answers("/readyz")
    operator.stop()
