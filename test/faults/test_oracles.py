"""The oracles themselves, on histories that are written down here."""

import oracles
import pytest
from api import Event

HERE = {"Ready": "True", "ContainersReady": "True"}
LEAVING = {**HERE, "deleting": True}
FAILING = {"Ready": "False", "ContainersReady": "False"}  # as a kubelet tells it
SILENT_NODE = {"Ready": "False", "ContainersReady": "True"}  # as the node controller tells it
GONE = None
UP = [("one-master-0", HERE), ("one-master-1", HERE), ("one-master-2", HERE)]


def event(version, name, state):
    what, state = "MODIFIED" if state else "DELETED", state or LEAVING
    metadata = {"name": name, "resourceVersion": str(version), **({"deletionTimestamp": "now"} if "deleting" in state else {})}
    conditions = [{"type": kind, "status": state[kind]} for kind in HERE]
    return Event("pods", what, {"metadata": metadata, "status": {"conditions": conditions}})


def said(*history):
    return oracles.quorum([event(version, *what) for version, what in enumerate((*UP, *history), 1)])


LOST = ["only ['one-master-2'] of one-master ready at version 5"]


@pytest.mark.parametrize("state", [LEAVING, FAILING, GONE], ids=["asked to go", "failing", "gone"])
def test_the_second_that_is_taken_costs_the_quorum(state):
    assert said(("one-master-0", state), ("one-master-1", state)) == LOST


def test_one_after_the_other_costs_nothing():
    assert said(("one-master-0", LEAVING), ("one-master-0", GONE), ("one-master-0", HERE), ("one-master-1", LEAVING)) == []


def test_what_nodes_lose_is_nobodys_deed():
    assert said(*((f"one-master-{i}", SILENT_NODE) for i in range(3))) == []
    assert said(("one-master-0", LEAVING), ("one-master-1", SILENT_NODE), ("one-master-0", GONE), ("one-master-1", LEAVING)) == []


def test_a_run_with_silent_nodes_is_known():
    states = (("one-master-0", LEAVING), ("one-master-1", FAILING), ("one-master-2", SILENT_NODE), ("one-master-2", HERE))
    assert oracles.lost([event(version, *what) for version, what in enumerate((*UP, *states))]) == ["one-master-2"]


def test_who_takes_another_one_while_a_node_is_lost_costs_the_quorum():
    assert said(("one-master-0", SILENT_NODE), ("one-master-1", LEAVING)) == LOST


def test_fewer_than_three_have_no_quorum_to_lose():
    events = [event(version, name, state) for version, (name, state) in enumerate([*UP[:2], (UP[0][0], GONE), (UP[1][0], GONE)])]
    assert oracles.quorum(events) == []
