"""Detached processes that are ended by who they are, never by name: a pid counts only with its start time."""

import os
import signal
import subprocess
import time


class ProcessFailed(Exception):
    pass


STATE, THREADS, START = 0, 17, 19  # of /proc/PID/stat, after the name


def start_time(pid):
    """The kernel's start time of a running process; None when it is gone (or waits to be reaped). Its first thread may have ended
    before the others: until these have, it holds its sockets."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    gone = fields[STATE] in "ZX" and int(fields[THREADS]) <= 1
    return None if gone else int(fields[START])


def start(argv, log, environment=None):
    """Starts argv in a session of its own, holding none of our streams. Returns what identifies it later."""
    with open(log, "ab") as out:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                                   env={**os.environ, **(environment or {})})
    started = start_time(process.pid)
    if started is None:
        raise ProcessFailed(f"{argv[0]} ended at once: {tail(log)}")
    return {"pid": process.pid, "started": started, "argv": argv, "log": str(log)}


def alive(record):
    return start_time(record["pid"]) == record["started"]


def reap(pid):
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def stop(record, patience=5, hard=False):
    """Ends the process that the record means; another one that got the same pid is left alone."""
    for number, seconds in ((signal.SIGKILL, patience),) if hard else ((signal.SIGTERM, patience), (signal.SIGKILL, 5)):
        if not alive(record):
            return
        try:
            os.kill(record["pid"], number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            reap(record["pid"])
            if not alive(record):
                return
            time.sleep(0.02)
    raise ProcessFailed(f"process {record['pid']} does not end: {record['argv'][0]}")


def tail(log, lines=15):
    try:
        with open(log, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:]).strip()
    except FileNotFoundError:
        return "no log"
