"""no_core.py BINARY: a running operator leaves no core, and no other process of its user may look into it."""

import os
import pathlib
import re
import resource
import subprocess
import sys

from operators import Folder, wait_until_it_runs

NOBODY = 65534


def cores_are_wanted():
    """As far as we may: root may more than the limit that it was given."""
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except ValueError:
        most = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))


def start(*argv):
    """As a user without rights: root may look into anything. The sanitizer would forbid cores by itself."""
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            preexec_fn=cores_are_wanted, cwd="/", **user,
                            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0:disable_coredump=0"})


def core_limit(process):
    text = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
    return re.search(r"^Max core file size +(\S+) +(\S+)", text, re.MULTILINE).groups()


def open_to_its_user(process):
    return start("cat", f"/proc/{process.pid}/environ").wait() == 0


def main(binary):
    with Folder(binary) as folder:
        other, operator = start("sleep", "600"), start(*folder.argv("/nonexistent"))
        try:
            wait_until_it_runs(operator)
            assert open_to_its_user(other), "no process can be looked into: this test shows nothing"
            assert not open_to_its_user(operator), "another process of its user looks into it"
            assert core_limit(operator) == ("0", "0"), f"it leaves a core: {core_limit(operator)}"
        finally:
            for process in (other, operator):
                process.kill()
                process.wait()


if __name__ == "__main__":
    main(sys.argv[1])
