"""Two operators in one namespace, of which one leads: there is one Lease, so that cases come one after the other."""

import os
import signal
import time

from cases import chosen, named
from fault_proxy import FaultProxy
from hands import Hands
from lane import lead_through
from leases import leads
from operator_process import Operator
from waiting import wait_until


class Candidate:
    """An operator with its own way to the API server, and the token of the lane."""

    def __init__(self, lane, name):
        self.home = lane.home.copy(lane.home.folder.parent / name)
        (self.home.folder / "softhsm2.conf").write_text((lane.home.folder / "softhsm2.conf").read_text())
        self.proxy = FaultProxy(lane.plane, lane.api, self.home.folder)
        lead_through(self.home, self.proxy)
        self.prepare()
        self.operator = Operator(self.home, "--leader-elect", f"--namespaces={lane.namespace}", "--metrics-port=0")
        self.operator.start(ready=False)
        self.proxy.operator(self.operator.process.pid)

    def prepare(self):
        """Whatever else its home needs."""

    def leads(self):
        return leads(self.operator)

    def fired(self):
        return self.proxy.state()["fired"]

    def writes_since(self, moment):
        """What it wrote after a moment; and of its Lease what the API server took."""
        return [one for one in self.proxy.log(0, True) if one["at"] > moment
                and (one["resource"] != "leases" or one.get("status", 0) < 300)]

    def close(self):
        if self.operator.running:
            os.kill(self.operator.process.pid, signal.SIGCONT)
            self.operator.kill()
        self.proxy.close()

    def ends(self):
        """By itself, and well, because another one leads."""
        code = self.operator.process.wait(60)
        assert code == 0, f"it ended with {code}"
        self.operator.check_log()


def with_two(cases, act, case, number):
    """What is wrong when act(lane, first, second, hands, case, cases) is done to two candidates, of which the first leads."""
    candidates = []
    with cases.own_lane() as lane:
        lane.supervised.operator.stop()
        try:
            for name in ("first", "second"):
                candidates.append(Candidate(lane, f"{case.fault.split()[0].strip(':')}-{name}-{number}"))
                wait_until("the first one leads", candidates[0].leads)
            problems = act(lane, *candidates, Hands(lane.api, lane.namespace), case, cases)
            candidates[1].operator.stop()
            return problems
        except AssertionError as error:
            return [str(error)]
        finally:
            for one in candidates:
                one.close()


def one_after_the_other(cases, table, option, derived, act):
    """All of the derived cases that are chosen and not finished; raises with everything that is wrong."""
    wrong = []
    for number, case in enumerate(chosen(named(derived, option("--case")), option("--sample"), option("--seed"), option("--shard"))):
        if str(case) in table.done:
            continue
        started = time.monotonic()
        problems = with_two(cases, act, case, number)
        table.add(case, case.sort, "failed" if problems else "passed", problems, time.monotonic() - started)
        wrong += [f"{case}: {problem}" for problem in problems]
    assert not wrong, "\n".join(wrong)
