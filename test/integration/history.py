"""What happened to the objects of a namespace, in the order of their resourceVersions: nothing between two looks is missed."""

import json
import os
import subprocess
import threading
import time


class History:
    """Watches kinds by the API server's own watch, each in a kubectl of its own, until it is closed."""

    def __init__(self, kubectl, *paths):
        self.events, self.lock, self.streams = [], threading.Lock(), []
        for path in paths:
            argv = [kubectl.program, f"--kubeconfig={kubectl.kubeconfig}", "get", f"--raw={path}?watch=1"]
            process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env={**os.environ, "KUBECONFIG": "/dev/null"})
            thread = threading.Thread(target=self.read, args=(process.stdout,), daemon=True)
            thread.start()
            self.streams.append((process, thread))

    def read(self, lines):
        for line in lines:
            event = json.loads(line)
            with self.lock:
                self.events.append((int(event["object"]["metadata"]["resourceVersion"]), time.monotonic(), event["type"],
                                    event["object"]))

    def so_far(self):
        """[(resourceVersion, when it was told, type, object)], the oldest first."""
        with self.lock:
            return sorted(self.events, key=lambda event: event[:2])

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
