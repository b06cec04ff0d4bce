"""The operator is killed around each of its writes: before it arrives, before the answer is told, and after."""

from cases import kills


def test_killed_around_a_write(cases):
    cases.run(kills, most=4)
