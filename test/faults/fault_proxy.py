"""The proxy's process and its control API (proxy/control.go)."""

import json
import os
import pathlib
import subprocess
import urllib.parse
import urllib.request

PROGRAM = pathlib.Path(os.environ.get("YBC_FAULT_PROXY", "fault-proxy"))


class FaultProxy:
    def __init__(self, plane, api, folder):
        argv = [PROGRAM, f"--server=https://{api.server}", f"--server-ca={plane.folder / 'pki/ca.crt'}", f"--folder={folder}"]
        with open(folder / "proxy.log", "ab") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        ports = json.loads(self.process.stdout.readline())
        self.server, self.control = f"https://127.0.0.1:{ports['proxy']}", f"http://127.0.0.1:{ports['control']}"
        self.anchor = folder / "ca.crt"

    def ask(self, path, body=None, method="POST", **query):
        url = f"{self.control}{path}?{urllib.parse.urlencode(query)}"
        # A body that the other side does not wait for would reset the connection before the answer was read.
        request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def arm(self, *rules):
        self.ask("/rules", rules)

    def operator(self, pid):
        self.ask("/operator", pid=pid)

    def delay(self, resource, seconds, bookmarks=False):
        self.ask("/delay", resource=resource, ms=int(seconds * 1000), bookmarks=str(bookmarks).lower())

    def cut(self, resource=""):
        return self.ask("/cut", resource=resource)

    def release(self, rule):
        self.ask("/release", rule=rule)

    def state(self):
        return self.ask("/state", method="GET")

    def log(self, since=0, writes=False):
        return self.ask("/log", method="GET", since=since, writes=str(writes).lower())

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
