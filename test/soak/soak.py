"""What churn and scale share: where their modules are, and an operator on a control plane of its own."""

import contextlib
import os
import pathlib
import signal
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / folder) for folder in ("bench", "integration")]

import fleet  # noqa: E402
from process import Credentials, Operator  # noqa: E402
from server import Plane  # noqa: E402


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def end(number, _):
    """A SIGTERM takes the control plane along."""
    raise SystemExit(128 + number)


@contextlib.contextmanager
def declared(name, count, without, nodes=0):
    """A control plane with so many clusters declared, and a function that starts an operator on it. Both end with the block; when
    that fails it shows what the last operator said."""
    signal.signal(signal.SIGTERM, end)
    plane, operators = Plane(f"{name}-{os.getpid()}"), []
    try:
        plane.up(without, nodes)
        fleet.declare(plane, count)
        credentials = Credentials(plane, "ours_token")

        def start():
            operators.append(Operator("ours_token", credentials, 0, None))
            return operators[-1]
        yield plane, start
    except BaseException:
        print(*(one.log_tail() for one in operators[-1:]), file=sys.stderr)
        raise
    finally:
        for one in operators:
            one.kill()
        plane.down()
