"""A lane runs one case at a time: a token and a proxy of its own, a namespace and an operator for each case."""

import signal
import time

import yaml
from fault_proxy import FaultProxy
from operator_process import Operator
from usage import cpu
from waiting import wait_until


PATIENCE = 90  # seconds for what takes a few, of several lanes on a busy machine
BUSY = 0.05  # seconds of CPU: what is more is work
CASES_OF_ONE_PROCESS = 20  # then it is asked to end, and must do so without a leak
THERE_ALWAYS = (("configmaps", "kube-root-ca.crt"), ("serviceaccounts", "default"))


def cpu_of(pid):
    """0 when it is not there any more."""
    try:
        return cpu(pid)
    except OSError:
        return 0


def lead_through(home, proxy):
    """The operator of this home reaches the API server through this proxy, and trusts no other."""
    path = home.folder / "kubeconfig"
    config = yaml.safe_load(path.read_text())
    config["clusters"][0]["cluster"] = {"server": proxy.server, "certificate-authority": str(proxy.anchor)}
    path.write_text(yaml.safe_dump(config))


class Lane:
    """What is made once and used by many cases. The operator's rights are those of deploy/; only the way is another."""

    def __init__(self, name, plane, api, observer, home, folder):
        self.name, self.plane, self.api, self.observer = name, plane, api, observer
        self.home = home.copy(folder)
        self.proxy = FaultProxy(plane, api, folder)
        lead_through(self.home, self.proxy)
        self.used, self.namespace, self.supervised = 0, None, None

    def begin(self):
        """The namespace is empty and the operator runs. Both serve many cases, as long as nothing fails."""
        self.proxy.arm()
        self.used += 1
        if self.namespace is None:
            self.namespace = f"lane-{self.name}-{self.used}"
            self.api.make_namespace(self.namespace)
            self.supervised = Supervised(self)
            self.supervised.start()
        elif self.used % CASES_OF_ONE_PROCESS == 0:
            self.supervised.renew()

    def end(self):
        """The operator takes away what is there. AssertionError: it does not, or left something behind."""
        self.proxy.arm()
        for kind in ("ybclusters", "allowlists"):
            for one in self.api.list(kind, self.namespace):
                self.api.delete(kind, one["metadata"]["name"], self.namespace)
        wait_until("all gone but volumes", self.only_volumes, PATIENCE, 0.1)
        for one in self.api.list("persistentvolumeclaims", self.namespace):
            self.api.delete("persistentvolumeclaims", one["metadata"]["name"], self.namespace)
        wait_until("volumes gone", lambda: not self.api.list("persistentvolumeclaims", self.namespace), PATIENCE, 0.1)
        self.api.call("DELETE", f"/apis/events.k8s.io/v1/namespaces/{self.namespace}/events")
        self.observer.forget(self.namespace)
        if self.supervised.upgraded:
            self.supervised.renew()

    def only_volumes(self):
        self.supervised.look_after()
        assert not self.api.list("ybclusters", self.namespace)  # most of the time: one list instead of eleven
        left = [what for what in self.api.everything(self.namespace)
                if what not in THERE_ALWAYS and what[0] != "persistentvolumeclaims"]
        assert not left, left
        return True

    def abandon(self):
        """Something failed: nothing of it shall disturb the cases that come."""
        self.supervised.operator.kill()
        for kind in ("ybclusters", "allowlists"):
            for one in self.api.list(kind, self.namespace):
                self.api.patch(kind, one["metadata"]["name"], self.namespace, {"metadata": {"finalizers": None}})
        self.api.call("DELETE", f"/api/v1/namespaces/{self.namespace}")
        self.observer.forget(self.namespace)
        self.namespace = None

    def close(self):
        if self.namespace:
            self.supervised.operator.stop()
            self.api.call("DELETE", f"/api/v1/namespaces/{self.namespace}")
        self.proxy.close()


class Supervised:
    """The operator of a lane: killed by the proxy, it is started again, as a kubelet would; else it must not end."""

    def __init__(self, lane):
        self.proxy, self.kills, self.upgraded = lane.proxy, 0, False
        self.ready_since = None
        self.cpu_seen, self.idle_from = 0, time.monotonic()
        self.options = (f"--namespaces={lane.namespace}", "--metrics-port=0")
        self.operator = Operator(lane.home, *self.options)

    def start(self, wait=True):
        self.proxy.operator(-1)  # nobody whom a kill could reach, but what it sends is forwarded
        self.ready_since = None
        self.operator.launch()
        self.proxy.operator(self.operator.process.pid)
        if wait:
            wait_until("operator ready", lambda: self.operator.answers("/readyz"), PATIENCE, 0.05)

    def idle_for(self):
        """Seconds since it last used CPU to speak of."""
        used = cpu_of(self.operator.process.pid)
        if abs(used - self.cpu_seen) > BUSY:
            self.cpu_seen, self.idle_from = used, time.monotonic()
        return time.monotonic() - self.idle_from

    def quiet_since(self):
        """For how many seconds it has been there, and neither worked nor written: one that still starts, or tests its token, is not
        quiet, but mute."""
        if self.ready_since is None and self.operator.running and self.operator.answers("/readyz"):
            self.ready_since = time.monotonic()
        idle = self.idle_for()
        return min(self.proxy.state()["quiet"], idle, time.monotonic() - self.ready_since) if self.ready_since else 0

    def look_after(self):
        code = self.operator.process.poll()
        if code is None:
            return
        assert code == -signal.SIGKILL, f"the operator ended by itself with {code}:\n{self.operator.log_tail(30)}"
        self.kills += 1
        self.start(wait=False)

    def renew(self, *options, wait=True):
        """As in an upgrade: asked to end, and started with other options. A kill may be quicker."""
        try:
            self.look_after()
            self.operator.stop()
        except AssertionError:
            if self.operator.process.returncode != -signal.SIGKILL:
                raise
            self.kills += 1
        self.operator.options, self.upgraded = (*self.options, *options), bool(options)
        self.start(wait)
