"""What /proc says of processes."""

import os
import pathlib

TICK = os.sysconf("SC_CLK_TCK")


def cpu(pid):
    """CPU seconds so far, ended threads included; in steps of a tick."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def fine_cpu(pid):
    """The same to the nanosecond, of the threads that run now: for spans in which none ends."""
    threads = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def memory(pid):
    """(resident now, resident at its peak, anonymous now), MiB."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith(("VmRSS", "VmHWM", "RssAnon"))}
    return tuple(int(fields[name]) / 1024 for name in ("VmRSS", "VmHWM", "RssAnon"))
