"""Certificates as others see them: openssl, a parser that is not ours, and two linters."""

import base64
import re
import subprocess
import sys

import pytest
from control_plane import ROOT
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from manifests import wait_for_ready, yb_cluster

sys.path.append(str(ROOT / "test"))
import pki_judge  # noqa: E402  # the judge of the unit tests' certificates, which is a program of its own

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
    kubectl.new_namespace(namespace)
    kubectl.apply(yb_cluster("one", endpoints={"hostnames": ["db.example.com"]}),
                  yb_cluster("two", tls={"algorithm": "RSA-3072"}), namespace=namespace)
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


def test_keys_are_of_the_algorithm_that_was_asked_for(issued):
    for cluster, kind, size in (("one", ec.EllipticCurvePublicKey, 256), ("two", rsa.RSAPublicKey, 3072)):
        files = issued[cluster]
        for path in (files["root.crt"], *leaves(files)):
            key = x509.load_pem_x509_certificate(path.read_bytes()).public_key()
            assert isinstance(key, kind) and key.key_size == size, path


def authorities(files):
    """The cluster's CA, self-signed and signed by the intermediate, and the PKI's two."""
    own, = x509.load_pem_x509_certificates(files["root.crt"].read_bytes())
    return own, *x509.load_pem_x509_certificates(files["chain.crt"].read_bytes())


def extension(certificate, kind):
    found = certificate.extensions.get_extension_for_class(kind)
    return found.critical, found.value


def has_constraints(certificate):
    return any(one.oid == x509.NameConstraints.oid for one in certificate.extensions)


def test_the_chain_ends_in_the_root_that_the_operator_publishes(issued, kubectl, home):
    published = kubectl.get("configmap", "ybcluster-operator-pki", home.namespace)["data"]["root.crt"]
    root = x509.load_pem_x509_certificate(published.encode())
    for files in issued.values():
        own, crossed, intermediate, last = authorities(files)
        assert last == root
        assert crossed.subject == own.subject and crossed.public_key() == own.public_key()
        assert extension(crossed, x509.SubjectKeyIdentifier) == extension(own, x509.SubjectKeyIdentifier)
        own.verify_directly_issued_by(own)
        crossed.verify_directly_issued_by(intermediate)
        intermediate.verify_directly_issued_by(root)


def test_authorities_certify_nothing_but_their_own(issued):
    for cluster, files in issued.items():
        own, crossed, _, _ = authorities(files)
        for authority in (own, crossed):
            assert extension(authority, x509.BasicConstraints) == (True, x509.BasicConstraints(ca=True, path_length=0))
            critical, usage = extension(authority, x509.KeyUsage)
            assert critical and usage.key_cert_sign and not usage.digital_signature
        assert not has_constraints(own), "clients hold copies of it: it must not change with hostnames"
        critical, constraints = extension(crossed, x509.NameConstraints)
        assert critical and not constraints.excluded_subtrees, "permitted subtrees only"
        addresses = {str(name.value) for name in constraints.permitted_subtrees if isinstance(name, x509.IPAddress)}
        names = {name.value for name in constraints.permitted_subtrees if isinstance(name, x509.DNSName)}
        assert addresses == {"127.0.0.1/32", "::1/128"}
        services = {f"{service}.certificates.svc.cluster.local" for service in
                    (cluster, f"{cluster}-masters", f"{cluster}-tservers")}
        assert services | {"localhost"} <= names
        assert ("db.example.com" in names) == (cluster == "one")
        other = {"one": "two", "two": "one"}[cluster]
        assert not [name for name in names if name.startswith(other)], names


def test_what_leaves_may_be_used_for(issued):
    server, client = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
    for files in issued.values():
        for path in leaves(files):
            leaf = x509.load_pem_x509_certificate(path.read_bytes())
            critical, usage = extension(leaf, x509.KeyUsage)
            assert critical and usage.digital_signature and not usage.key_cert_sign and not usage.crl_sign
            _, purposes = extension(leaf, x509.ExtendedKeyUsage)
            assert set(purposes) == ({client} if "admin" in path.name else {server, client})
            assert x509.BasicConstraints.oid not in [one.oid for one in leaf.extensions], "no CA"
            common_name, = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
            assert "." not in common_name.value


def test_serials_are_long_random_and_never_the_same(issued):
    serials = []
    for files in issued.values():
        own, crossed, _, _ = authorities(files)
        serials += [one.serial_number for one in (own, crossed)]
        serials += [x509.load_pem_x509_certificate(path.read_bytes()).serial_number for path in leaves(files)]
    assert len(set(serials)) == len(serials) == 10
    assert all(0 < one.bit_length() <= 128 for one in serials)
    # Of ten random numbers of 128 bits the largest and most others are long; that one has under 96 is one in four billion.
    assert all(one.bit_length() > 96 for one in serials), serials


# The linters take neither wildcards nor "localhost" for DNS names; YugabyteDB's own tools use both.
NOT_MEANT = re.compile(r"pkix\.invalid_domain_name_syntax|n_san_iana_pub_suffix_empty: info .*: localhost$")


def test_two_linters_find_nothing(issued, tmp_path):
    for cluster, files in issued.items():
        judged = {path.name: path for path in leaves(files)}
        for kind, authority in zip(("own", "crossed", "intermediate", "root"), authorities(files)):
            judged[kind] = tmp_path / f"{cluster}-{kind}.pem"
            judged[kind].write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        for kind, path in judged.items():
            findings = [*pki_judge.zlint(path), *pki_judge.pkilint("lint_pkix_cert", path)]
            assert [text for text in findings if not NOT_MEANT.search(text)] == [], f"{cluster} {kind}"
        pairs = [("root", "intermediate"), ("intermediate", "crossed"), ("own", "own")]
        pairs += [(issuer, path.name) for issuer in ("own", "crossed") for path in leaves(files)]
        for issuer, subject in pairs:
            found = [*pki_judge.pkilint("lint_pkix_signer_signee_cert_chain", judged[issuer], judged[subject])]
            assert [text for text in found if not NOT_MEANT.search(text)] == [], f"{cluster}: {issuer} -> {subject}"
