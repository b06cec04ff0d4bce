"""The API server goes and comes, the operator goes and comes, a second one takes over."""

import contextlib
import re
import signal
import socket
import threading
import time

import children
from manifests import wait_for_ready, yb_cluster
from operator_process import Operator
from waiting import wait_until

TAKE_OVER = 20  # seconds


def test_api_server_restarts(plane, kubectl, operator, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    pods = children.pods(kubectl, "one", namespace)
    plane.restart_apiserver()
    wait_until("operator ready again", lambda: operator.answers("/readyz"), 60)
    kubectl.delete("networkpolicy", "one-deny", namespace)
    wait_until("one-deny back", lambda: kubectl.get("networkpolicy", "one-deny", namespace), 60)
    wait_for_ready(kubectl, "one", namespace)
    assert children.pods(kubectl, "one", namespace) == pods


def test_api_server_restarts_while_a_cluster_is_built(plane, kubectl, operator, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    plane.restart_apiserver("--kill")
    wait_for_ready(kubectl, "one", namespace, 120)
    assert sorted(children.of(kubectl, "one", namespace)) == sorted(children.names("one"))


def test_killed_operator_goes_on_where_it_was(kubectl, operator, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_until("a first child", lambda: children.of(kubectl, "one", namespace), 30, 0.05)
    operator.kill()
    operator.start()
    wait_for_ready(kubectl, "one", namespace)
    admins = [one for one in kubectl.list("secrets", namespace) if one["metadata"]["name"] == "one-admin"]
    assert len(admins) == 1


def test_second_replica_takes_over(kubectl, operator, home, namespace):
    """Killed, the leader holds its Lease until that runs out; another one has it within 20 s."""
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    operator.stop()
    first = Operator(home, "--leader-elect").start()
    second = Operator(home, "--leader-elect").start(ready=False)
    try:
        first.kill()
        killed = time.monotonic()
        kubectl.delete("service", "one", namespace)
        wait_until("the other one puts it right", lambda: kubectl.get("service", "one", namespace), TAKE_OVER + 5)
        assert time.monotonic() - killed < TAKE_OVER
        wait_for_ready(kubectl, "one", namespace)
    finally:
        second.stop()
        first.check_log()
        operator.start()


def test_asked_to_end_the_leader_hands_over_at_once(kubectl, operator, home, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    operator.stop()
    first = Operator(home, "--leader-elect").start()
    second = Operator(home, "--leader-elect").start(ready=False)
    try:
        first.stop()
        stopped = time.monotonic()
        kubectl.delete("service", "one", namespace)
        wait_until("the other one puts it right", lambda: kubectl.get("service", "one", namespace), TAKE_OVER)
        assert time.monotonic() - stopped < 5
    finally:
        second.stop()
        operator.start()


class Silent:
    """A way to the API server that at some time takes everything and hands nothing on."""

    def __init__(self, server):
        host, port = server.removeprefix("https://").rsplit(":", 1)
        self.silent, self.server = threading.Event(), (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                here, there = self.listener.accept()[0], socket.create_connection(self.server)
                for one, other in ((here, there), (there, here)):
                    threading.Thread(target=self.hand_on, args=(one, other), daemon=True).start()

    def hand_on(self, one, other):
        with contextlib.suppress(OSError):
            while bytes_read := one.recv(65536):
                if not self.silent.is_set():
                    other.sendall(bytes_read)
            other.shutdown(socket.SHUT_WR)


def test_a_silent_api_server_delays_the_end_by_a_second(home, tmp_path):
    behind = home.copy(tmp_path / "home")
    kubeconfig = behind.folder / "kubeconfig"
    server = re.search(r"server: (\S+)", kubeconfig.read_text())[1]
    way = Silent(server)
    kubeconfig.write_text(kubeconfig.read_text().replace(server, way.address))
    behind.use_module(behind.module, {"ASAN_OPTIONS": "detect_leaks=0"})  # looking for leaks takes a while
    leader = Operator(behind, "--leader-elect").start()
    try:
        wait_until("the Lease is ours", lambda: '"reconciling"' in leader.log_file.read_text(), 40)
        way.silent.set()
        leader.process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        assert leader.process.wait(10) == 0
        assert time.monotonic() - asked < 2
    finally:
        leader.kill()
        way.listener.close()
    leader.check_log()
