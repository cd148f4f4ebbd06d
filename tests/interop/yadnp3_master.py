"""A DNP3 master on opendnp3 (PyPI yadnp3): an independent peer for outstations.

At each connection it keeps events from coming unasked, clears the restart, reads everything, and
lets events come. It prints its port as an object of JSON, then takes commands on its standard
input, one object per line, and answers each with one:

    {"do": "read", "objects": [[GROUP, VARIATION]...]}
                          reads all objects of the variations, once
    {"do": "report"}      {"values": [[VARIATION, INDEX, VALUE, FLAGS, MS, IS_UNSOLICITED]...],
                           "tasks": [[TASK, RESULT]...], "indications": [IIN1, IIN2]}
                          what has come since the last report, in order, with null for flags and
                          times that were not told, and the last indications
    {"do": "cut"}         ends the connection
    {"do": "restart"}     forgets everything and begins again
"""

import opendnp3

import yadnp3_common


def plain(value):
    """A value as JSON can tell it."""
    if isinstance(value, opendnp3.OctetString):
        return value.ToBytes().decode("latin-1")
    if isinstance(value.value, opendnp3.DoubleBit):
        return value.value.value
    return value.value


class Values(opendnp3.ISOEHandler):
    """Takes what the outstation tells. The library ignores a name that is wrong."""

    def __init__(self):
        super().__init__()
        self.is_unsolicited = False
        self.taken = []

    def BeginFragment(self, info):
        self.is_unsolicited = info.unsolicited

    def EndFragment(self, info):
        pass

    def Process(self, info, values):
        has_time = info.tsquality != opendnp3.TimestampQuality.INVALID
        for each in values:
            is_text = isinstance(each.value, opendnp3.OctetString)
            flags = each.value.flags.value if info.flagsValid and not is_text else None
            millis = each.value.time.value if has_time and not is_text else None
            told = plain(each.value)
            self.taken.append([info.gv.name, each.index, told, flags, millis, self.is_unsolicited])


class Application(opendnp3.IMasterApplication):
    def __init__(self):
        super().__init__()
        self.tasks, self.indications = [], [0, 0]

    def Now(self):
        return opendnp3.UTCTimestamp(yadnp3_common.now_ms())

    def OnReceiveIIN(self, iin):
        self.indications = [iin.LSB, iin.MSB]

    def OnTaskComplete(self, info):
        self.tasks.append([info.type.name, info.result.name])


class Master(yadnp3_common.Side):
    def connect(self, manager):
        return manager.AddTCPClient

    def add(self, channel):
        config = opendnp3.MasterStackConfig()
        config.master.responseTimeout = yadnp3_common.milliseconds(5000)
        config.master.taskRetryPeriod = yadnp3_common.milliseconds(100)
        config.master.maxTaskRetryPeriod = yadnp3_common.milliseconds(500)
        config.master.timeSyncMode = getattr(opendnp3.TimeSyncMode, self.arguments.time_sync)
        config.link.LocalAddr = yadnp3_common.MASTER
        config.link.RemoteAddr = self.arguments.outstation
        self.values, self.application = Values(), Application()
        return channel.AddMaster("master", self.values, self.application, config)

    def read(self, command):
        headers = [opendnp3.Header.AllObjects(*each) for each in command["objects"]]
        self.stack.Scan(headers, self.values)

    def report(self, _command):
        values, self.values.taken = self.values.taken, []
        tasks, self.application.tasks = self.application.tasks, []
        return {"values": values, "tasks": tasks, "indications": self.application.indications}


def main():
    options = yadnp3_common.parser(__doc__.splitlines()[0])
    options.add_argument("--time-sync", choices=["None", "LAN", "NonLAN"], default="None")
    yadnp3_common.serve(yadnp3_common.started(Master, options.parse_args()))


if __name__ == "__main__":
    main()
