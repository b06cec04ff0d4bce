"""The PKCS#11 token fails at each of the calls that a workload makes: an error, a lost session, a token that is away for
three seconds, a kill before the call and after it."""

import collections
import dataclasses

import pytest
from cases import Case
from hands import SETTLED
from token_shim import build_shim
from workloads import WORKLOADS

ACTIONS = {"error": "token: error", "error-after": "token: done, and an error all the same", "session": "token: session lost",
           "gone": "token: away", "kill-before": "token: kill before a call", "kill-after": "token: kill after a call"}
STARTS = "create"  # a start tests the token alike, whatever comes after it
CALLS_ALIKE = ("rotate-ca-of-three",)  # as rotate-ca, many times over
SAMPLED = (STARTS, "rotate-leaves", "rotate-ca", "delete-delete")  # a recording takes half a minute


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    return build_shim(tmp_path_factory.mktemp("shim"))


def calls(run):
    path = run.lane.home.folder / "shim/calls"
    return path.read_text().split() if path.exists() else []


def running(run):
    """The operator has been started and has tested its token: what calls it from now on is the workload."""
    run.wait("the operator at rest", lambda: run.quiet_since() > SETTLED)


def started_anew(run):
    """What calls the token is the test of a start, and the workload."""
    run.supervised.operator.kill()


@dataclasses.dataclass(frozen=True)
class Orders:
    """What the shim is told when a run begins, after its moment has come."""
    moment: collections.abc.Callable
    lines: tuple

    @property
    def alike(self):
        """Orders that are may be given together. A process that is killed takes along how far the shim has counted."""
        action = self.lines[0].split()[-1]
        return None if action.startswith("kill") else (action, self.moment)

    def __add__(self, other):
        return Orders(self.moment, (*self.lines, *other.lines))

    def __call__(self, run):
        self.moment(run)
        order, fired = (run.lane.home.folder / "shim" / name for name in ("order", "fired"))
        fired.unlink(missing_ok=True)
        order.write_text("\n".join(self.lines))
        run.fired_elsewhere = lambda: fired.read_text().splitlines() if fired.exists() else []
        run.cleanup.append(lambda: order.unlink(missing_ok=True))


def through_shim(cases, module):
    """Every lane's operator reaches its token through the shim from now on."""
    lanes = [cases.free.get() for _ in range(cases.lanes)]
    for lane in lanes:
        (lane.home.folder / "shim").mkdir(exist_ok=True)
        lane.home.use_module(module, {"TOKEN_SHIM": str(lane.home.folder / "shim")})
        if lane.namespace:
            lane.supervised.renew()
        cases.free.put(lane)


def made(cases, workload, moment):
    """{function: how often an undisturbed run called it from this moment on}"""
    seen = []

    def begin(run):
        moment(run)
        seen.append(len(calls(run)))
        run.cleanup.append(lambda: seen.append(calls(run)))
    result = cases.in_a_lane(workload, begin=begin)
    assert not result.problems, result.problems
    return collections.Counter(seen[-1][seen[-2]:])


def derived(cases, workload, moments):
    for moment in moments:
        when = " after a restart" if moment is started_anew else ""
        for function, count in sorted(made(cases, workload, moment).items()):
            for number in range(1, count + 1):
                for action, kind in ACTIONS.items():
                    order = Orders(moment, (f"{function} {number} {action}",))
                    yield Case(workload.name, f"{action} at {function} #{number}{when}", (), (("begin", order),), kind=kind)


def test_token_fails_at_each_call(cases, shim):
    through_shim(cases, shim)
    by_name = {one.name: one for one in WORKLOADS
               if one.name in SAMPLED or not cases.option("--sample") and one.name not in CALLS_ALIKE}

    def derive(name, _):
        return list(derived(cases, by_name[name], (running, started_anew) if name == STARTS else (running,)))
    cases.run(derive, by_name.values(), most=8)
