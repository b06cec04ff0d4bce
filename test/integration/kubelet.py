"""The kubelet's part, played by hand while KWOK is away: shortly, for nodes that are silent count as lost (after 50 s)."""

import contextlib
import json

from waiting import wait_until


@contextlib.contextmanager
def by_hand(plane):
    """Nobody looks after pods but the test."""
    plane.command("stop-part", plane.name, "kwok")
    try:
        yield Kubelet(plane.kubectl)
    finally:
        plane.command("start-part", plane.name, "kwok")


class Kubelet:
    def __init__(self, kubectl):
        self.kubectl = kubectl

    def end(self, namespace):
        """The pod that is asked to go is gone; its name and uid."""
        def leaving():
            return [pod["metadata"] for pod in self.kubectl.list("pods", namespace) if "deletionTimestamp" in pod["metadata"]]
        pod, = wait_until("a pod is asked to go", leaving)
        self.kubectl.delete("pod", pod["name"], namespace, "--force", "--grace-period=0", "--wait=false")
        return pod["name"], pod["uid"]

    def started(self, namespace, name, not_uid):
        """The pod that came after that one, once a node has it."""
        def bound():
            pod = self.kubectl.get("pod", name, namespace)
            return pod and pod["metadata"]["uid"] != not_uid and pod["spec"].get("nodeName") and pod
        return wait_until(f"{name} anew, on a node", bound)

    def waits(self, namespace, pod, reason, message):
        """As a kubelet says that its only container does not start. The phase is that of a container which ran before: what is
        Pending KWOK would make ready."""
        container, = pod["spec"]["containers"]
        status = {"name": container["name"], "image": container["image"], "imageID": "", "ready": False, "started": False,
                  "restartCount": 1, "state": {"waiting": {"reason": reason, "message": message}}}
        not_ready = [{"type": kind, "status": "False", "reason": "ContainersNotReady",
                      "message": f"containers with unready status: [{container['name']}]"} for kind in ("Ready", "ContainersReady")]
        change = {"status": {"phase": "Running", "conditions": not_ready, "containerStatuses": [status]}}
        self.kubectl("patch", "pod", pod["metadata"]["name"], "-n", namespace, "--subresource=status", "--type=strategic",
                     "-p", json.dumps(change))
