"""slow_token.py BINARY MODULE: an operator whose token does not answer ends all the same, and takes nothing away from it."""

import os
import pathlib
import signal
import subprocess
import sys
import time

from operators import Folder, wait_until_it_runs


def wait_for_module(process, module):
    """Until the operator has loaded it; it is called at once."""
    end = time.monotonic() + 60
    while module not in pathlib.Path(f"/proc/{process.pid}/maps").read_text():
        assert process.poll() is None and time.monotonic() < end, "the token's module is not loaded"
        time.sleep(0.05)
    time.sleep(0.2)


def main(binary, module):
    with Folder(binary) as folder:
        operator = subprocess.Popen(folder.argv(module), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1"})
        try:
            wait_until_it_runs(operator)
            wait_for_module(operator, module)
            operator.send_signal(signal.SIGTERM)
            code = operator.wait(60)
            assert code == 0, f"it ended with {code}"
        finally:
            operator.kill()
            operator.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
