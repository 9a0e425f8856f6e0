"""Runs a command on a terminal of its own: on_terminal.py COLUMNS ROWS HANGUP COMMAND…

What the command writes goes to standard output, and its exit code becomes this program's (128 and the signal's number
where one ended it). HANGUP is a file or `-`: when that file exists, the terminal is closed, as when an ssh session is
lost.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios

columns, rows, hangup = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
process, master = pty.fork()
if process == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    # A parent may have been started by nohup.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    os.execv(sys.argv[4], sys.argv[4:])
while True:
    if hangup != "-" and os.path.exists(hangup):
        break
    if not select.select([master], [], [], 0.01)[0]:
        continue
    try:
        text = os.read(master, 65536)
    except OSError:
        # Linux says so when the other side has ended.
        break
    if not text:
        break
    sys.stdout.buffer.write(text)
    sys.stdout.flush()
os.close(master)
_, status = os.waitpid(process, 0)
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
