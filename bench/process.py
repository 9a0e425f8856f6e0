"""Runs one measured process and reads its figures, its wall time and its peak memory."""

import dataclasses
import json
import os
import signal
import subprocess
import tempfile
import time


class Failed(Exception):
    """A job that could not be measured; its message is one line."""


@dataclasses.dataclass
class Measurement:
    """What one process said and what was seen from outside."""

    figures: dict
    wall_seconds: float
    peak_memory_bytes: int
    # How many cores did something else meanwhile, on average.
    other_cores: float
    # Of all its threads.
    processor_seconds: float = 0.0


def busy_seconds():
    """Processor time that the whole machine has spent on anything but idling and waiting for disks."""
    try:
        with open("/proc/stat") as file:
            user, nice, system, _, _, interrupt, soft_interrupt, steal = map(int, file.readline().split()[1:9])
    except (OSError, ValueError):
        return 0.0
    return (user + nice + system + interrupt + soft_interrupt + steal) / os.sysconf("SC_CLK_TCK")


def last_line(file):
    file.seek(0)
    lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def measure(command, folder):
    """Runs a command whose last line on stdout is a JSON object."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started, busy = time.perf_counter(), busy_seconds()
        try:
            child = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=errors
            )
        except OSError as problem:
            raise Failed(f"cannot run {command[0]}: {problem.strerror}") from problem
        try:
            # Of this child alone, where getrusage would give the largest of all children so far.
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            child.wait()
            raise
        wall_seconds = time.perf_counter() - started
        processor_seconds = usage.ru_utime + usage.ru_stime
        others = busy_seconds() - busy - processor_seconds
        code = os.waitstatus_to_exitcode(status)
        child.returncode = code
        if code:
            name = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
            raise Failed(last_line(errors) or name)
        try:
            figures = json.loads(last_line(output))
        except json.JSONDecodeError as problem:
            raise Failed(f"no JSON line on stdout: {last_line(output)[:80]!r}") from problem
        # Linux counts kibibytes.
        other_cores = max(0.0, others / wall_seconds)
        return Measurement(figures, wall_seconds, usage.ru_maxrss * 1024, other_cores, processor_seconds)
