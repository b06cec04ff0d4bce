"""`pki init`: root and intermediate are made once, however many ask for them and however slow the token is."""

import re
import subprocess
import time

import pytest
from operator_process import BINARY, SOFTHSM
from token_keys import key_labels
from token_shim import Shim

LABEL = "ybcluster-operator"
KEYS = ["ybcluster-operator/intermediate", "ybcluster-operator/root"]
# The self-test makes four pairs, before there is a Lease.
MAKES_THE_ROOT = "C_GenerateKeyPair 5"
LEASE_LASTS = 15
# In a container the program is process 1, as every other one is.
AS_PROCESS_1 = ["unshare", "--map-root-user", "--pid", "--fork", "--mount-proc"]


class Place:
    """A namespace with no PKI yet, and an empty token."""

    def __init__(self, plane, home, namespace):
        self.home, self.namespace = home, namespace
        self.flags = [f"--kubeconfig={plane.kubeconfig}", f"--operator-namespace={namespace}"]
        self.new_token(LABEL)

    def new_token(self, label):
        pin = (self.home.folder / "pin").read_text()
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", pin],
                       env=self.home.environment(), check=True, capture_output=True)

    def token_flags(self, prefix="", label=LABEL):
        return [f"--{prefix}token-module={self.home.module}", f"--{prefix}token-label={label}",
                f"--{prefix}token-pin-file={self.home.folder / 'pin'}"]

    def start(self, *more, before=()):
        return subprocess.Popen([*before, BINARY, "pki", "init", *self.flags, *self.token_flags(), *more], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.home.environment())

    def init(self, *more):
        return ended(self.start(*more))


def ended(process):
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.fixture
def place(plane, home, namespace, tmp_path):
    own = home.copy(tmp_path / "home")
    for token in (own.folder / "tokens").iterdir():
        for file in token.iterdir():
            file.unlink()
        token.rmdir()
    own.use_module(SOFTHSM, {})
    return Place(plane, own, namespace)


def fingerprint(kubectl, place, certificate):
    """As openssl has it, of the certificate that is stored."""
    pem = kubectl.get("configmap", "ybcluster-operator-pki", place.namespace)["data"][certificate]
    done = subprocess.run(["openssl", "x509", "-noout", "-fingerprint", "-sha256"], input=pem, capture_output=True, text=True,
                          check=True)
    return done.stdout.strip().partition("=")[2].replace(":", "").lower()


def test_it_prints_the_fingerprints_of_what_it_stored(kubectl, place):
    code, out, err = place.init()
    assert code == 0, err
    wanted = [("root", fingerprint(kubectl, place, "root.crt")),
              ("intermediate", fingerprint(kubectl, place, "intermediate.crt"))]
    assert re.findall(r"^(\w+) +sha256:([0-9a-f]{64})$", out, re.MULTILINE) == wanted, out
    assert place.init()[:2] == (0, out), "a second time makes nothing"
    assert sorted(key_labels(place.home)) == KEYS


def test_the_root_lives_in_another_token(kubectl, place):
    place.new_token("offline-root")
    root = place.token_flags("root-", "offline-root")
    code, out, err = place.init(*root)
    assert code == 0, err
    assert f"root          sha256:{fingerprint(kubectl, place, 'root.crt')}" in out
    assert key_labels(place.home) == KEYS[:1] and key_labels(place.home, "offline-root") == KEYS[1:]
    assert place.init(*root)[:2] == (0, out)
    code, _, err = place.init(*root[:1])
    assert code == 2 and "--root-token-label" in err


def test_two_at_once_make_one(kubectl, place):
    shim = Shim(place.home)
    shim.order(f"{MAKES_THE_ROOT} hang")
    first = place.start(before=AS_PROCESS_1)
    shim.wait_until_it_hangs()
    second = place.start(before=AS_PROCESS_1)
    time.sleep(4)
    assert second.poll() is None, second.communicate()
    shim.let_go()
    (code, out, err), other = ended(first), ended(second)
    assert code == 0, err
    assert other[:2] == (0, out), other
    assert sorted(key_labels(place.home)) == KEYS
    assert fingerprint(kubectl, place, "root.crt") in out


def test_a_token_that_takes_longer_than_the_lease_lasts(kubectl, place):
    shim = Shim(place.home)
    shim.order(f"{MAKES_THE_ROOT} hang")
    process = place.start()
    shim.wait_until_it_hangs()
    time.sleep(LEASE_LASTS + 1)
    lease = kubectl.get("lease", "ybcluster-operator-pki", place.namespace)
    assert lease["spec"]["leaseTransitions"] == 0 and lease["spec"]["renewTime"] > lease["spec"]["acquireTime"]
    shim.let_go()
    code, out, err = ended(process)
    assert code == 0, err
    assert fingerprint(kubectl, place, "root.crt") in out
    assert not kubectl.get("lease", "ybcluster-operator-pki", place.namespace)["spec"]["holderIdentity"]
