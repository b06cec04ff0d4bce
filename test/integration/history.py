"""What happened to the objects of a namespace, in the order of their resourceVersions: nothing between two looks is missed."""

import json
import os
import subprocess
import threading
import time

from waiting import wait_until


class History:
    """Lists kinds, and from there watches them by the API server's own watch, each in a kubectl of its own, until it is closed.
    However late a watch begins, it tells all that came after the list."""

    def __init__(self, kubectl, *paths):
        self.kubectl, self.paths, self.events, self.lock, self.streams = kubectl, paths, [], threading.Lock(), []
        for path in paths:
            version, there = self.list(path)
            for live in there:
                self.add("ADDED", live)
            argv = [kubectl.program, f"--kubeconfig={kubectl.kubeconfig}", "get",
                    f"--raw={path}?watch=1&resourceVersion={version}"]
            process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env={**os.environ, "KUBECONFIG": "/dev/null"})
            thread = threading.Thread(target=self.read, args=(process.stdout,), daemon=True)
            thread.start()
            self.streams.append((process, thread))

    def list(self, path):
        """The version that all of them had together, and the objects, each with its kind as a watch tells it."""
        found = json.loads(self.kubectl("get", f"--raw={path}"))
        kind = found["kind"].removesuffix("List")
        return int(found["metadata"]["resourceVersion"]), [{**live, "kind": kind} for live in found["items"]]

    def add(self, kind, live):
        with self.lock:
            self.events.append((int(live["metadata"]["resourceVersion"]), time.monotonic(), kind, live))

    def read(self, lines):
        for line in lines:
            event = json.loads(line)
            self.add(event["type"], event["object"])

    def told(self):
        with self.lock:
            return sorted(self.events, key=lambda event: event[:2])

    def knows(self, version, there):
        """Were these objects told of, as new as they are here, and the end of all others that were there?"""
        last = {live["metadata"]["uid"]: (told, kind) for told, _, kind, live in self.told()}
        uids = {live["metadata"]["uid"]: int(live["metadata"]["resourceVersion"]) for live in there}
        return all(uid in last and last[uid][0] >= newest for uid, newest in uids.items()) \
            and all(kind == "DELETED" or uid in uids or told > version for uid, (told, kind) in last.items())

    def so_far(self):
        """[(resourceVersion, when it was told, type, object)], the oldest first: all that has happened, for watches may be behind."""
        lists = [self.list(path) for path in self.paths]
        version, there = min(version for version, _ in lists), [live for _, found in lists for live in found]
        wait_until("the watches tell what is there", lambda: self.knows(version, there), pause=0.05)
        return self.told()

    def close(self):
        for process, thread in self.streams:
            process.terminate()
            process.wait()
            thread.join()
            process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
