"""The certificate of the metrics port from files, which others write anew while it serves."""

import ssl
import subprocess
import time

import pytest
from cryptography import x509
from operator_process import Operator
from waiting import stays, wait_until


def make_pair(folder, name):
    """A certificate for localhost and its key, as text."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    return certificate.read_text(), key.read_text()


def put(path, text):
    """As a mounted Secret changes: the new file takes the place of the old one."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


@pytest.fixture
def serving(home, tmp_path):
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    put(certificate, (first := make_pair(tmp_path, "first"))[0])
    put(key, first[1])
    operator = Operator(home, f"--tls-cert-file={certificate}", f"--tls-key-file={key}").start()
    yield operator, certificate, key
    operator.stop()


def test_changed_files_are_served_without_a_restart(serving, tmp_path):
    operator, certificate, key = serving
    second, third = make_pair(tmp_path, "second"), make_pair(tmp_path, "third")

    def served():
        pem = ssl.get_server_certificate(("127.0.0.1", operator.metrics_port), timeout=30)
        name, = x509.load_pem_x509_certificate(pem.encode()).subject
        return name.value
    assert served() == "first"
    put(certificate, second[0])
    put(key, second[1])
    wait_until("the second one", lambda: served() == "second")
    put(certificate, third[0])
    wait_until("half of a pair is said to be none", lambda: served() and "stays the old one" in operator.log_tail())
    stays("it serves on with the second one", lambda: served() == "second", 1)
    put(key, "-----BEGIN PRIVATE KEY-----\n")
    time.sleep(0.1)
    put(key, third[1])
    wait_until("the third one", lambda: served() == "third")
    assert "PRIVATE KEY" not in operator.log_file.read_text()
