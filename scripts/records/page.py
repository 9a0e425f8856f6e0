"""Runs the code blocks of docs/exports.md in their order, in the current folder, with its servers on free ports."""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

# Ports of the page's servers.
PORTS = ("5000", "8001")
# Beginnings of commands that stay while the blocks behind them run.
SERVERS = ("mlflow server", "datasette ")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_port(port, process, seconds=300):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            sys.exit(f"error: a server of the page ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    sys.exit(f"error: no server at port {port} after {seconds} s")


def blocks(page):
    """Language and text of each block."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", page, re.S | re.M)


def main():
    page = Path(sys.argv[1]).read_text()
    ports = {port: str(free_port()) for port in PORTS}
    for port, free in ports.items():
        page = page.replace(port, free)
    found = blocks(page)
    assert len(found) >= 10 and {language for language, _ in found} == {"sh", "python"}, found
    servers = []
    try:
        for language, text in found:
            print(f"-- {text.splitlines()[0]}", flush=True)
            if language == "python":
                subprocess.run([sys.executable, "-c", text], check=True, env={**os.environ, "MPLBACKEND": "Agg"})
                continue
            for line in text.splitlines():
                if line.startswith(SERVERS):
                    log = open(f"server-{len(servers)}.log", "w")
                    process = subprocess.Popen(["bash", "-c", f"exec {line}"], stdout=log, stderr=log)
                    servers.append(process)
                    await_port(int(line.split("--port ")[1].split()[0]), process)
                else:
                    subprocess.run(["bash", "-ec", line], check=True)
        if len(sys.argv) > 2:
            # A check that needs the page's servers.
            subprocess.run([sys.executable, "-B", *sys.argv[2:], ports["8001"]], check=True)
    finally:
        for process in servers:
            process.terminate()
        for process in servers:
            process.wait(timeout=30)
    print(f"{len(found)} blocks of the page run")


main()
