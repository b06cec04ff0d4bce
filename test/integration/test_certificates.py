"""Certificates as others see them: openssl, and an independent linter."""

import base64
import subprocess

import pytest
from manifests import wait_for_ready, yb_cluster

SERVERS = ("master", "tserver")


def openssl(*arguments):
    done = subprocess.run(["openssl", *(str(one) for one in arguments)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def verify(leaf, anchor, *options):
    return openssl("verify", "-x509_strict", "-CAfile", anchor, *options, leaf)


@pytest.fixture(scope="module")
def issued(kubectl, operator, tmp_path_factory):
    """The files of two clusters: {cluster: {file: path}}."""
    namespace, files = "certificates", {}
    kubectl("create", "namespace", namespace)
    kubectl.apply(yb_cluster("one", endpoints={"hostnames": ["db.example.com"]}), yb_cluster("two"), namespace=namespace)
    for cluster in ("one", "two"):
        wait_for_ready(kubectl, cluster, namespace)
        folder = tmp_path_factory.mktemp(cluster)
        found = {name: text.encode() for name, text in kubectl.get("configmap", f"{cluster}-ca", namespace)["data"].items()}
        for secret in (f"{cluster}-master-tls", f"{cluster}-tserver-tls", f"{cluster}-admin-tls"):
            data = kubectl.get("secret", secret, namespace)["data"]
            found |= {f"{secret}/{name}": base64.b64decode(value) for name, value in data.items()}
        files[cluster] = {}
        for name, content in found.items():
            path = folder / name.replace("/", "--")
            path.write_bytes(content)
            files[cluster][name.replace(f"{cluster}-", "", 1)] = path
    yield files
    kubectl("delete", "ybclusters", "--all", "-n", namespace, "--timeout=90s")
    kubectl("delete", "namespace", namespace, "--wait=false")


def leaves(files):
    return [path for name, path in files.items() if name.endswith(".crt") and "/" in name
            and not name.endswith(("ca.crt", "root.crt"))]


def test_leaves_verify_to_their_own_root_only(issued):
    assert len(leaves(issued["one"])) == 3
    for cluster, other in (("one", "two"), ("two", "one")):
        for leaf in leaves(issued[cluster]):
            code, said = verify(leaf, issued[cluster]["root.crt"])
            assert code == 0, said
            assert verify(leaf, issued[other]["root.crt"])[0] != 0, f"{leaf} verifies under the root of {other}"


def test_leaves_verify_to_the_pki_root_through_the_chain(issued, tmp_path):
    """chain.crt ends in the PKI's root: with that alone trusted and the rest handed over, every leaf verifies."""
    marker = "-----END CERTIFICATE-----"
    for files in issued.values():
        links = [link + marker + "\n" for link in files["chain.crt"].read_text().split(marker) if link.strip()]
        assert len(links) >= 3, "cluster CA, intermediate, root"
        (tmp_path / "root").write_text(links[-1])
        (tmp_path / "rest").write_text("".join(links[:-1]))
        for leaf in leaves(files):
            code, said = verify(leaf, tmp_path / "root", "-untrusted", tmp_path / "rest")
            assert code == 0, said


def test_servers_answer_to_the_names_of_clients(issued):
    for server in SERVERS:
        leaf, = [path for name, path in issued["one"].items() if name.startswith(f"{server}-tls/node.") and name[-3:] == "crt"]
        _, said = openssl("x509", "-in", leaf, "-noout", "-ext", "subjectAltName")
        assert f"one-{server}s.certificates.svc" in said
        if server == "tserver":
            assert "DNS:db.example.com" in said and "DNS:one.certificates.svc" in said


def test_keys_fit_their_certificates(issued):
    for files in issued.values():
        for leaf in leaves(files):
            public = openssl("x509", "-in", leaf, "-noout", "-pubkey")[1]
            assert openssl("pkey", "-in", leaf.with_suffix(".key"), "-pubout")[1] == public


# pkilint takes neither wildcards nor "localhost" for DNS names; YugabyteDB's own tools use both.
NOT_MEANT = "pkix.invalid_domain_name_syntax"


def test_a_linter_finds_nothing(issued):
    for files in issued.values():
        for path in [*leaves(files), files["root.crt"]]:
            done = subprocess.run(["lint_pkix_cert", "lint", "-s", "WARNING", str(path)], capture_output=True, text=True,
                                  check=False)
            findings = [line for line in done.stdout.splitlines() if line.startswith("    ") and NOT_MEANT not in line]
            assert findings == [] and not done.stderr, f"{path}: {done.stdout}{done.stderr}"
