"""The PKCS#11 token fails at each of the calls that a workload makes: an error, a lost session, a token that is away for
three seconds, a kill before the call and after it."""

import collections

import pytest
from cases import Case
from token_shim import build_shim
from workloads import WORKLOADS

ACTIONS = {"error": "token: error", "error-after": "token: done, and an error all the same", "session": "token: session lost",
           "gone": "token: away", "kill-before": "token: kill before a call", "kill-after": "token: kill after a call"}
USE_TOKEN = ("create", "rotate-leaves", "rotate-ca", "delete-delete")
MOST = 4  # of one function's calls


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    return build_shim(tmp_path_factory.mktemp("shim"))


def calls(run):
    path = run.lane.home.folder / "shim/calls"
    return path.read_text().split() if path.exists() else []


def ordered(order):
    def begin(run):
        folder = run.lane.home.folder / "shim"
        (folder / "fired").unlink(missing_ok=True)
        (folder / "order").write_text(order)
        run.reached = (folder / "fired").exists
        run.cleanup.append(lambda: (folder / "order").unlink(missing_ok=True))
    return begin


def through_shim(cases, module):
    """Every lane's operator reaches its token through the shim from now on."""
    lanes = [cases.free.get() for _ in range(cases.lanes)]
    for lane in lanes:
        (lane.home.folder / "shim").mkdir(exist_ok=True)
        lane.home.use_module(module, {"TOKEN_SHIM": str(lane.home.folder / "shim")})
        if lane.namespace:
            lane.supervised.renew()
        cases.free.put(lane)


def derived(cases, workload):
    """The calls of an undisturbed run: (function, number)."""
    seen = []

    def begin(run):
        seen.append(len(calls(run)))
        run.cleanup.append(lambda: seen.append(calls(run)))
    result = cases.in_a_lane(workload, begin=begin)
    assert not result.problems, result.problems
    made = collections.Counter(seen[-1][seen[-2]:])
    return [Case(workload.name, f"{action} at {function} #{number}", (), (("begin", ordered(f"{function} {number} {action}")),),
                 kind=kind)
            for function, count in sorted(made.items()) for number in range(1, min(count, MOST) + 1)
            for action, kind in ACTIONS.items()]


def test_token_fails_at_each_call(cases, shim):
    through_shim(cases, shim)
    by_name = {workload.name: derived(cases, workload) for workload in WORKLOADS if workload.name in USE_TOKEN}
    cases.run(lambda name, _: by_name[name], [one for one in WORKLOADS if one.name in USE_TOKEN])
