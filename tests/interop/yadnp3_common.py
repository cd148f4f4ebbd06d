"""What both ends of DNP3 on yadnp3 have in common: channels, and commands as lines of JSON.

The distribution yadnp3 holds the module `opendnp3`, which is opendnp3 with a binding.
"""

import argparse
import json
import socket
import sys
import time

import opendnp3

HOST = "127.0.0.1"
MASTER = 1


def now_ms():
    return int(time.time() * 1000)


def milliseconds(count):
    return opendnp3.TimeDuration.Milliseconds(count)


def parser(document):
    """The options of both ends."""
    options = argparse.ArgumentParser(description=document)
    where = options.add_mutually_exclusive_group()
    where.add_argument("--connect", type=int, metavar="PORT", help="connect instead of listening")
    where.add_argument("--listen", type=int, metavar="PORT", help="listen there, not at a free port")
    options.add_argument("--trace", action="store_true", help="show all on the standard error")
    options.add_argument("--outstation", type=int, default=10, help="its link address")
    return options


class Link(opendnp3.IChannelListener):
    """Remembers what became of a channel."""

    def __init__(self):
        super().__init__()
        self.opened = 0

    def OnStateChange(self, state):
        self.opened += state == opendnp3.ChannelState.OPEN


class Trace(opendnp3.ILogHandler):
    """Shows what the library logs."""

    def log(self, _module, _name, _level, _location, message):
        print(now_ms(), message, file=sys.stderr, flush=True)


class Side:
    """One end: subclasses say what it is. Whatever the library may call is kept referenced."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.port = arguments.connect or arguments.listen or free_port()
        self.link = Link()
        self.start()

    def start(self, command=None):
        self.trace = Trace() if self.arguments.trace else None
        self.manager = opendnp3.DNP3Manager(1, self.trace)
        self.stack = self.add(self.channel())
        if command is not None:
            self.prepare(command)
        self.stack.Enable()

    def prepare(self, command):
        """What is to be done before anything is said."""

    def channel(self):
        endpoint = opendnp3.IPEndpoint(HOST, self.port)
        levels = opendnp3.levels.ALL if self.arguments.trace else opendnp3.levels.NOTHING
        if self.arguments.connect is None:
            mode = opendnp3.ServerAcceptMode.CloseExisting
            return self.manager.AddTCPServer("peer", levels, mode, endpoint, self.link)
        retry = opendnp3.ChannelRetry(milliseconds(50), milliseconds(200))
        return self.connect(self.manager)("peer", levels, retry, [endpoint], "0.0.0.0", self.link)

    def stop(self):
        self.manager.Shutdown()

    def restart(self, command):
        """Forgets everything, as a device does that loses power."""
        self.stop()
        self.start(command)

    def cut(self, _command):
        """Ends the connection, and takes another one."""
        self.stack.Disable()
        self.stack.Enable()


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def started(kind, arguments):
    """An end that runs: another process may take a free port first."""
    for _ in range(20):
        try:
            return kind(arguments)
        except RuntimeError as error:
            refused = error
            if arguments.connect or arguments.listen:
                break
    raise refused


def serve(side):
    """Prints the port, then obeys commands: an object with `do` each, answered by an object."""
    print(json.dumps({"port": side.port}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(side, command["do"])(command) or {}
        except Exception as error:  # the reader must learn of anything
            answer = {"error": repr(error)}
        print(json.dumps(answer), flush=True)
    side.stop()
