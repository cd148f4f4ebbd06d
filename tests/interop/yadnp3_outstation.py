"""A DNP3 outstation on opendnp3 (PyPI yadnp3): an independent peer for the master.

It has the same number of points of every kind, all in class 1 until a master assigns classes. It
prints its port as an object of JSON, then takes commands on its standard input, one object per
line, and answers each with one:

    {"do": "update", "mode": "Force" | "Suppress", "values": [VALUE...]}
                          changes values all at once, each with an event or without; a value is
                          [KIND, INDEX, VALUE, FLAGS, MS, WHETHER ITS CLOCK IS SYNCHRONISED]
    {"do": "freeze", "indexes": [INDEX...]}
                          freezes counters, each with an event
    {"do": "report"}      {"opened": connections, "times": [MS written by the master...],
                           "classes": [[KIND, CLASS]...],
                           "confirms": [[IS_UNSOLICITED, EVENTS_LEFT]...] since the last change}
    {"do": "cut"}         ends the connection, keeps events
    {"do": "restart", "values": [VALUE...]}
                          forgets everything and begins again on the same port, with these values
"""

import opendnp3

import yadnp3_common

DOUBLE_BITS = [
    opendnp3.DoubleBit.INTERMEDIATE,
    opendnp3.DoubleBit.DETERMINED_OFF,
    opendnp3.DoubleBit.DETERMINED_ON,
    opendnp3.DoubleBit.INDETERMINATE,
]

MEASUREMENTS = {
    "binary input": lambda value: opendnp3.Binary(bool(value)),
    "double-bit input": lambda value: opendnp3.DoubleBitBinary(DOUBLE_BITS[int(value)]),
    "binary output": lambda value: opendnp3.BinaryOutputStatus(bool(value)),
    "counter": lambda value: opendnp3.Counter(int(value)),
    "analog input": opendnp3.Analog,
    "analog output": opendnp3.AnalogOutputStatus,
}

# Where the state of a point is among its flags, which the binding leaves to the caller.
STATES = {
    "binary input": lambda value: int(value) << 7,
    "double-bit input": lambda value: int(value) << 6,
    "binary output": lambda value: int(value) << 7,
}


def measurement(kind, value, flags, millis, is_synchronised):
    quality = opendnp3.TimestampQuality
    made = MEASUREMENTS[kind](value)
    made.flags = opendnp3.Flags(flags | STATES.get(kind, lambda value: 0)(value))
    made.time = opendnp3.DNPTime(
        millis, quality.SYNCHRONIZED if is_synchronised else quality.UNSYNCHRONIZED
    )
    return made


def updates(values, mode):
    builder = opendnp3.UpdateBuilder()
    for kind, index, *rest in values:
        if not builder.Update(measurement(kind, *rest), index, mode):
            raise ValueError(f"no update of {kind} {index}")
    return builder.Build()


class Application(opendnp3.IOutstationApplication):
    """The device behind the protocol; remembers what the master does to it."""

    def __init__(self, needs_time):
        super().__init__()
        self.needs_time = needs_time
        self.confirms, self.times, self.classes = [], [], []

    def Now(self):
        return opendnp3.DNPTime(yadnp3_common.now_ms())

    def SupportsWriteAbsoluteTime(self):
        return True

    def WriteAbsoluteTime(self, timestamp):
        self.times.append(timestamp.msSinceEpoch)
        self.needs_time = False
        return True

    def GetApplicationIIN(self):
        indications = opendnp3.ApplicationIIN()
        indications.needTime = self.needs_time
        return indications

    def SupportsAssignClass(self):
        return True

    def RecordClassAssignment(self, kind, point_class, _start, _stop):
        self.classes.append([kind.name, point_class.name])

    def OnConfirmProcessed(self, is_unsolicited, *left_by_class):
        self.confirms.append([is_unsolicited, sum(left_by_class)])


class NoCommands(opendnp3.ICommandHandler):
    """The master never has any."""


class Outstation(yadnp3_common.Side):
    def connect(self, manager):
        return manager.AddOutstationTCPClient

    def add(self, channel):
        arguments = self.arguments
        config = opendnp3.OutstationStackConfig(opendnp3.DatabaseConfig(arguments.points))
        config.outstation.eventBufferConfig = opendnp3.EventBufferConfig.AllTypes(arguments.events)
        params = config.outstation.params
        params.allowUnsolicited = arguments.unsolicited
        params.maxTxFragSize = arguments.fragment
        timeout = yadnp3_common.milliseconds(arguments.confirm_timeout)
        params.unsolConfirmTimeout = params.solConfirmTimeout = timeout
        config.link.LocalAddr = arguments.outstation
        config.link.RemoteAddr = yadnp3_common.MASTER
        self.application = Application(arguments.needs_time)
        self.commands = NoCommands()
        return channel.AddOutstation("outstation", self.commands, self.application, config)

    def update(self, command):
        mode = getattr(opendnp3.EventMode, command["mode"])
        self.application.confirms.clear()
        self.stack.Apply(updates(command["values"], mode))

    def prepare(self, command):
        self.stack.Apply(updates(command["values"], opendnp3.EventMode.Suppress))

    def freeze(self, command):
        builder = opendnp3.UpdateBuilder()
        for index in command["indexes"]:
            builder.FreezeCounter(index, False, opendnp3.EventMode.Force)
        self.application.confirms.clear()
        self.stack.Apply(builder.Build())

    def report(self, _command):
        application = self.application
        return {
            "opened": self.link.opened,
            "confirms": application.confirms,
            "times": application.times,
            "classes": application.classes,
        }


def main():
    options = yadnp3_common.parser(__doc__.splitlines()[0])
    options.add_argument("--points", type=int, default=6, help="points of each kind")
    options.add_argument("--events", type=int, default=1000, help="room for events of each kind")
    options.add_argument("--fragment", type=int, default=2048, help="octets of a fragment at most")
    options.add_argument("--unsolicited", action="store_true", help="tell events unasked")
    options.add_argument("--needs-time", action="store_true", help="the clock wants to be set")
    options.add_argument("--confirm-timeout", type=int, default=2000, metavar="MS")
    yadnp3_common.serve(yadnp3_common.started(Outstation, options.parse_args()))


if __name__ == "__main__":
    main()
