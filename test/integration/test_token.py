"""Tokens that cannot be used: the reason is said, nothing is issued or rewritten, what must close closes, and it heals."""

import subprocess

import children
import pytest
from control_plane import ROOT
from manifests import allow_list, wait_for_condition, wait_for_event, wait_for_ready, yb_cluster
from operator_process import BINARY, Home, Operator
from test_network import opened
from token_keys import key_labels
from token_shim import Shim
from waiting import stays, wait_until

BACKOFF = 60  # seconds after which a pass that fails comes again, at most
ISSUED = ("secret/{}-master-tls", "secret/{}-tserver-tls", "secret/{}-admin-tls", "configmap/{}-ca")


def wrong_pin(home):
    pin = (home.folder / "pin").read_text()
    (home.folder / "pin").write_text("0" * len(pin))
    return lambda: (home.folder / "pin").write_text(pin)


def no_token(home):
    tokens, away = home.folder / "tokens", home.folder / "away"
    tokens.rename(away)
    tokens.mkdir()

    def mend():
        for one in away.iterdir():
            one.rename(tokens / one.name)
    return mend


def softhsm(home, *arguments):
    subprocess.run(["softhsm2-util", *arguments], env=home.environment(), check=True, capture_output=True)


def other_token(home):
    """A token of the same label and PIN that holds nothing."""
    tokens, away, other = home.folder / "tokens", home.folder / "away", home.folder / "other"
    tokens.rename(away)
    tokens.mkdir()
    softhsm(home, "--init-token", "--free", "--label", "ybcluster-operator", "--so-pin", "12345678",
            "--pin", (home.folder / "pin").read_text())

    def mend():
        tokens.rename(other)
        away.rename(tokens)
    return mend


def keys_in(home):
    return [label for label in key_labels(home) if label.startswith("ybcluster/")]


CAUSES = {"TokenPinIncorrect": wrong_pin, "TokenUnavailable": no_token}


def issued(kubectl, cluster, namespace):
    """{object: resourceVersion} of everything that comes from the token."""
    found = {}
    for pattern in ISSUED:
        kind, name = pattern.format(cluster).split("/")
        live = kubectl.get(kind, name, namespace)
        found[name] = live and (live["metadata"]["uid"], live["metadata"]["resourceVersion"])
    return found


def rotated(kubectl, cluster, namespace):
    secret = kubectl.get("secret", f"{cluster}-admin-tls", namespace)
    return secret["metadata"]["annotations"].get("yugabyte.com/rotate")


@pytest.fixture
def spoilt(home, tmp_path_factory):
    return home.copy(tmp_path_factory.mktemp("token") / "home")


@pytest.mark.parametrize("reason", CAUSES)
def test_a_token_that_cannot_be_used_closes_and_waits(kubectl, new_namespace, spoilt, reason):
    namespace = new_namespace(f"-{reason.lower()}")
    operator = Operator(spoilt).start()
    kubectl.apply(allow_list("a", "198.51.100.0/24", "192.0.2.0/24"), yb_cluster("one", allowLists=["a"]), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    before, pods = issued(kubectl, "one", namespace), children.pods(kubectl, "one", namespace)
    assert opened(kubectl, namespace) == {"198.51.100.0/24", "192.0.2.0/24"}
    operator.stop()

    mend = CAUSES[reason](spoilt)
    operator = Operator(spoilt).start()
    try:
        for wanted, status in (("Stalled", "True"), ("Ready", "False")):
            found = wait_for_condition(kubectl, "ybcluster", "one", namespace, wanted, status, reason)
            assert (spoilt.folder / "pin").read_text() not in found["message"]
        assert (spoilt.folder / "pin").read_text() not in wait_for_event(kubectl, reason, namespace)
        kubectl.apply(yb_cluster("two"), namespace=namespace)
        wait_for_condition(kubectl, "ybcluster", "two", namespace, "Stalled", "True", reason)
        kubectl.apply(allow_list("a", "198.51.100.0/24", "203.0.113.0/24"), namespace=namespace)
        wait_until("closed without the token", lambda: "192.0.2.0/24" not in opened(kubectl, namespace))
        kubectl.patch("ybcluster", "one", namespace, {"spec": {"endpoints": {"ysql": {"port": 6543}}}})
        stays("nothing issued, and the port is that of the pods", lambda: not any(issued(kubectl, "two", namespace).values())
              and kubectl.get("service", "one", namespace)["spec"]["ports"][0]["port"] == 5433, 3, 1)
        kubectl.patch("ybcluster", "one", namespace, {"spec": {"endpoints": {"ysql": {"port": 5433}}}})
        assert issued(kubectl, "one", namespace) == before, "what a token that is not there gave was written anew"
        assert children.pods(kubectl, "one", namespace) == pods
        mend()
        wait_for_ready(kubectl, "one", namespace)
        wait_for_ready(kubectl, "two", namespace)
        assert issued(kubectl, "one", namespace) == before and children.pods(kubectl, "one", namespace) == pods
        assert opened(kubectl, namespace) == {"198.51.100.0/24", "203.0.113.0/24"}
        kubectl.delete("ybclusters,allowlists", "--all", namespace, "--timeout=60s")
        assert (spoilt.folder / "pin").read_text() not in operator.log_file.read_text(), "the PIN stands in the log"
    finally:
        operator.stop()


def test_deletion_waits_for_the_token(kubectl, namespace, spoilt):
    """The key of the cluster's CA must not outlive the cluster: not even when the operator starts without the token."""
    operator = Operator(spoilt).start()
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    uid = wait_for_ready(kubectl, "one", namespace)["metadata"]["uid"]
    operator.stop()
    mend = no_token(spoilt)
    operator = Operator(spoilt).start()
    try:
        kubectl.delete("ybcluster", "one", namespace, "--wait=false")
        wait_until("children gone", lambda: not children.of(kubectl, "one", namespace))
        stays("the cluster waits", lambda: kubectl.get("ybcluster", "one", namespace), 5)
        mend()
        wait_until("the cluster gone", lambda: not kubectl.get("ybcluster", "one", namespace), BACKOFF + 60)
        assert not [label for label in keys_in(spoilt) if uid in label]
    finally:
        operator.stop()


def test_a_token_without_the_ca_of_the_cluster_issues_nothing(kubectl, namespace, spoilt):
    operator = Operator(spoilt).start()
    kubectl.apply(allow_list("a", "198.51.100.0/24", "192.0.2.0/24"), yb_cluster("one", allowLists=["a"]), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    before, pods = issued(kubectl, "one", namespace), children.pods(kubectl, "one", namespace)
    operator.stop()

    mend = other_token(spoilt)
    operator = Operator(spoilt).start()
    try:
        for wanted, status in (("Stalled", "True"), ("Ready", "False")):
            wait_for_condition(kubectl, "ybcluster", "one", namespace, wanted, status, "TokenLacksCA")
        kubectl.apply(allow_list("a", "198.51.100.0/24"), namespace=namespace)
        wait_until("closed without the CA", lambda: opened(kubectl, namespace) == {"198.51.100.0/24"})
        kubectl.patch("ybcluster", "one", namespace, {"spec": {"tls": {"rotate": "now", "rotateCA": "now"}}})
        stays("nothing issued", lambda: issued(kubectl, "one", namespace) == before, 5, 1)
        assert keys_in(spoilt) == [], "a CA was made anew in the other token"
        assert children.pods(kubectl, "one", namespace) == pods
        kubectl.patch("ybcluster", "one", namespace, {"spec": {"tls": {"rotate": None, "rotateCA": None}}})
        operator.stop()
        mend()
        operator = Operator(spoilt).start()
        wait_for_ready(kubectl, "one", namespace)
        assert issued(kubectl, "one", namespace) == before and children.pods(kubectl, "one", namespace) == pods
        kubectl.delete("ybclusters,allowlists", "--all", namespace, "--timeout=60s")
    finally:
        operator.stop()


def test_a_token_that_hangs_holds_up_nothing_that_must_close(kubectl, namespace, spoilt):
    shim = Shim(spoilt)
    operator = Operator(spoilt).start()
    kubectl.apply(allow_list("a", "198.51.100.0/24", "192.0.2.0/24"), yb_cluster("one", allowLists=["a"]), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    operator.stop()

    shim.order("C_GenerateKeyPair 1 hang")
    operator = Operator(spoilt, "--workers=1").start()
    try:
        kubectl.patch("ybcluster", "one", namespace, {"spec": {"tls": {"rotate": "now"}}})
        shim.wait_until_it_hangs()
        kubectl.apply(allow_list("a", "198.51.100.0/24"), namespace=namespace)
        wait_until("closed while the token hangs", lambda: opened(kubectl, namespace) == {"198.51.100.0/24"})
        shim.let_go()
        wait_until("rotated once the token answers", lambda: rotated(kubectl, "one", namespace) == "now", BACKOFF + 60)
    finally:
        operator.stop()
        healthy = Operator(spoilt).start()
        kubectl.delete("ybclusters,allowlists", "--all", namespace, "--timeout=60s")
        healthy.stop()


def test_ends_though_the_token_hangs(spoilt):
    shim = Shim(spoilt)
    shim.order("C_GenerateKeyPair 1 hang")
    operator = Operator(spoilt).start()
    shim.wait_until_it_hangs()
    operator.stop()


class NSSHome(Home):
    """A home whose token is NSS's, by a module that gives NSS the parameters which it wants when it starts."""

    def __init__(self, home):  # pylint: disable=super-init-not-called
        self.folder, self.namespace, self.user = home.folder, home.namespace, home.user
        self.pin_file, self.database = self.folder / "pin", self.folder / "nss"
        self.database.mkdir()
        subprocess.run(["certutil", "-N", "-d", f"sql:{self.database}", "-f", self.pin_file], check=True, capture_output=True)
        self.module = self.folder / "nss_module.so"
        subprocess.run(["cc", "-Wall", "-Werror", "-shared", "-fPIC", "-o", self.module,
                        ROOT / "test/integration/nss_module.c"], check=True)

    def flags(self):
        return [*super().flags()[:2], f"--token-module={self.module}", "--token-label=NSS Certificate DB",
                f"--token-pin-file={self.pin_file}"]

    def environment(self):
        return {**super().environment(), "NSS_PARAMETERS":
                f"configdir='sql:{self.database}' certPrefix='' keyPrefix='' secmod='secmod.db'"}


def test_a_token_that_lets_keys_out_is_refused(kubectl, namespace, spoilt):
    home = NSSHome(spoilt)
    done = subprocess.run([BINARY, "pki", "init", *home.flags()], capture_output=True, text=True,
                          check=False, env=home.environment(), timeout=60)
    assert done.returncode != 0 and "must not be used" in done.stdout + done.stderr, done.stdout + done.stderr
    operator = Operator(home).start()
    try:
        kubectl.apply(yb_cluster("one"), namespace=namespace)
        wait_for_condition(kubectl, "ybcluster", "one", namespace, "Stalled", "True", "TokenLetsKeysOut")
        wait_for_condition(kubectl, "ybcluster", "one", namespace, "Ready", "False", "TokenLetsKeysOut")
        assert not any(issued(kubectl, "one", namespace).values())
        assert children.pods(kubectl, "one", namespace) == {}
    finally:
        operator.stop()
        healthy = Operator(spoilt).start()  # for the finalizer of the cluster
        kubectl.delete("ybclusters,allowlists", "--all", namespace, "--timeout=60s")
        healthy.stop()
