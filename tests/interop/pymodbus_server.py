"""A Modbus TCP server on pymodbus: an independent peer with one value of every kind and order.

Usage: pymodbus_server.py [--host HOST] [--port PORT]      (port 0: any free one)
                         [--ca FILE --certificate FILE --key FILE]      (then over TLS)

Prints the port as one line, then takes commands on its standard input, one per line, and answers
each with lines of which the last is `ok` or `error REASON`:

    image           one line per point: NAME TABLE ADDRESS KIND ORDER VALUE
    stop            close the listener and all connections
    start           listen again on the same port
    except CODE     answer every request with exception CODE
    except off      answer normally again
    quit            end (so does the end of the input)
"""

import argparse
import asyncio
import logging
import ssl
import struct
import sys

from pymodbus.client.mixin import ModbusClientMixin
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer, ModbusTlsServer
from pymodbus.simulator import DataType, SimData, SimDevice

UNIT = 1

# One line per value: kind, struct format of its bytes most significant first, value.
VALUES = [
    ("u16", ">H", 0x0102),
    ("u16", ">H", 0xFFFF),
    ("i16", ">h", -2),
    ("i16", ">h", -32768),
    ("u32", ">I", 0x01020304),
    ("u32", ">I", 0xFFFFFFFE),
    ("i32", ">i", -16909060),
    ("u64", ">Q", 0x0001020304050607),
    ("u64", ">Q", 0xFFFFFFFFFFFFFFFE),
    ("i64", ">q", -72623859790382856),
    ("i64", ">q", -3),
    ("f32", ">f", 123.456),
    ("f32", ">f", -1.5e-39),
    ("f32", ">f", float("-inf")),
    ("f32", ">f", float("nan")),
    ("f64", ">d", 3.585),
    ("f64", ">d", float("inf")),
    ("bcd16", "bcd", 1234),
    ("bcd32", "bcd", 98765432),
]

# What pymodbus itself encodes, where it knows the kind.
PEER_TYPES = {
    "u16": ModbusClientMixin.DATATYPE.UINT16,
    "i16": ModbusClientMixin.DATATYPE.INT16,
    "u32": ModbusClientMixin.DATATYPE.UINT32,
    "i32": ModbusClientMixin.DATATYPE.INT32,
    "u64": ModbusClientMixin.DATATYPE.UINT64,
    "i64": ModbusClientMixin.DATATYPE.INT64,
    "f32": ModbusClientMixin.DATATYPE.FLOAT32,
    "f64": ModbusClientMixin.DATATYPE.FLOAT64,
}

BITS = [n % 3 == 0 for n in range(29)]
BITS_AT = {"coil": 7, "discrete_input": 100}
REGISTERS_AT = {"holding_register": 0, "input_register": 1000}
BIT_REGISTER = 0x8421


def encode(kind, form, value, order):
    """The registers of a value, made with struct and checked against pymodbus."""
    if form == "bcd":
        digits = {"bcd16": 4, "bcd32": 8}[kind]
        big = bytes.fromhex(str(value).zfill(digits))
    else:
        big = struct.pack(form, value)
    words = [big[at : at + 2] for at in range(0, len(big), 2)]
    if order in ("cdab", "dcba"):
        words.reverse()
    if order in ("badc", "dcba"):
        words = [word[::-1] for word in words]
    registers = [int.from_bytes(word, "big") for word in words]
    if kind in PEER_TYPES and order in ("abcd", "cdab"):
        word_order = "big" if order == "abcd" else "little"
        peer = ModbusClientMixin.convert_to_registers(value, PEER_TYPES[kind], word_order)
        assert peer == registers, (kind, order, peer, registers)
    return registers


def shown(kind, form, value):
    """The value as a double, by which a reader can be judged."""
    if kind == "f32":
        return repr(struct.unpack(form, struct.pack(form, value))[0])
    return repr(float(value))


def make_image():
    """The points, and the contents of the four tables."""
    points = []
    tables = {"coil": [], "discrete_input": [], "holding_register": [], "input_register": []}
    for table, start in BITS_AT.items():
        tables[table] = [SimData(start, values=BITS, datatype=DataType.BITS)]
        for n, bit in enumerate(BITS):
            points.append((f"{table}_{n}", table, start + n, "bool", "abcd", float(bit)))
    for table, start in REGISTERS_AT.items():
        registers = [BIT_REGISTER]
        for bit in range(16):
            value = float(BIT_REGISTER >> bit & 1)
            points.append((f"{table}_bit{bit}", table, start, f"bit{bit}", "abcd", value))
        for kind, form, value in VALUES:
            for order in ("abcd", "cdab", "badc", "dcba"):
                at = start + len(registers)
                name = f"{table}_{at}"
                points.append((name, table, at, kind, order, shown(kind, form, value)))
                registers += encode(kind, form, value, order)
        tables[table] = [SimData(start, values=registers, datatype=DataType.REGISTERS)]
    return points, tuple(tables.values())


class Peer:
    """The server, and what it was told to do."""

    def __init__(self, host, port, context):
        self.host = host
        self.port = port
        self.context = context
        self.points, self.tables = make_image()
        self.exception = None
        self.server = None

    async def action(self, _function, _start, _address, _count, _registers, _values):
        return self.exception

    async def start(self):
        device = SimDevice(id=UNIT, simdata=self.tables, action=self.action)
        address = (self.host, self.port)
        if self.context is None:
            self.server = ModbusTcpServer(device, address=address)
        else:
            self.server = ModbusTlsServer(device, address=address, sslctx=self.context)
        await self.server.serve_forever(background=True)
        self.port = self.server.transport.sockets[0].getsockname()[1]

    async def stop(self):
        await self.server.shutdown()

    async def obey(self, command):
        match command.split():
            case ["image"]:
                for point in self.points:
                    print(*point)
            case ["stop"]:
                await self.stop()
            case ["start"]:
                await self.start()
            case ["except", "off"]:
                self.exception = None
            case ["except", code]:
                self.exception = ExcCodes(int(code))
            case _:
                raise ValueError(f"unknown command: {command}")


def tls(arguments):
    """What TLS with certificates on both sides needs, or None without TLS."""
    if arguments.ca is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(arguments.ca)
    context.load_cert_chain(arguments.certificate, arguments.key)
    return context


async def main():
    # It logs every frame when an exception is asked for.
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL + 1)
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ca")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    arguments = parser.parse_args()
    peer = Peer(arguments.host, arguments.port, tls(arguments))
    await peer.start()
    print(peer.port, flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = line.strip()
        if command == "quit":
            break
        try:
            await peer.obey(command)
            print("ok", flush=True)
        except Exception as error:  # the reader must learn of anything
            print(f"error {error!r}", flush=True)
    await peer.stop()


if __name__ == "__main__":
    asyncio.run(main())
