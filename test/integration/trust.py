"""Judges from a history whether, at each moment, every running pod would have trusted its peers."""

import base64
import itertools
import re

from cryptography import x509


def serving(cluster):
    """The Secrets that its servers serve from."""
    return f"{cluster}-master-tls", f"{cluster}-tserver-tls"


SERVING = serving("one")


def secret_file(secret, pattern):
    (name, value), = [item for item in secret["data"].items() if re.fullmatch(pattern, item[0])]
    return base64.b64decode(value)


class Trust:
    """Says of each moment whether every running pod's leaf verifies under the anchors of all others, and of clients."""

    def __init__(self):
        self.parsed, self.verdicts, self.judged = {}, {}, 0

    def load(self, pem):
        if pem not in self.parsed:
            self.parsed[pem] = x509.load_pem_x509_certificates(pem)
        return self.parsed[pem]

    def verifies(self, leaf, anchors):
        if (leaf, anchors) not in self.verdicts:
            self.verdicts[leaf, anchors] = any(self.signed(self.load(leaf)[0], anchor) for anchor in self.load(anchors))
        return self.verdicts[leaf, anchors]

    @staticmethod
    def signed(leaf, anchor):
        try:
            leaf.verify_directly_issued_by(anchor)
            return True
        except Exception:  # pylint: disable=broad-except  # whatever is wrong with it, it does not verify
            return False

    def check(self, running, root, when):
        """running: {pod: [(leaf, anchors), ...]}, each pair a content that the pod may have started with."""
        self.judged += 1
        for (server, served), (peer, trusted) in itertools.product(running.items(), repeat=2):
            for (leaf, _), (_, anchors) in itertools.product(served, trusted):
                assert self.verifies(leaf, anchors), f"at {when}: {peer} does not trust what {server} serves"
        for server, served in running.items():
            assert root is None or all(self.verifies(leaf, root) for leaf, _ in served), \
                f"at {when}: root.crt does not verify what {server} serves"


def contents(secret):
    return secret_file(secret, r"node\..*\.crt"), secret_file(secret, r"ca\.crt")


def replay(events, trust, cluster="one"):
    """Goes through a cluster's history: a pod runs what its Secret held when it was created, or held until it was Ready."""
    secrets, running, ready, root = {}, {}, set(), None
    for version, _, kind, live in events:
        name = live["metadata"]["name"]
        if live["kind"] == "Secret" and name in serving(cluster) and kind != "DELETED":
            secrets[name] = contents(live)
            for pod in running.keys() - ready:
                if pod.startswith(name.removesuffix("-tls")):
                    running[pod].append(secrets[name])
        elif live["kind"] == "ConfigMap" and name == f"{cluster}-ca" and kind != "DELETED":
            root = live["data"]["root.crt"].encode()
        elif live["kind"] == "Pod":
            if kind == "DELETED":
                running.pop(name, None)
                ready.discard(name)
            else:
                running.setdefault(name, [secrets[f"{name.rpartition('-')[0]}-tls"]])
                if any(one["type"] == "Ready" and one["status"] == "True" for one in live.get("status", {}).get("conditions", [])):
                    ready.add(name)
        trust.check(running, root, f"{version} ({kind} {live['kind']} {name})")
