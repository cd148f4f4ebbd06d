"""A transformer that speaks Modbus TCP, on pymodbus: something foreign to poll.

    python3 -m venv .venv
    .venv/bin/pip install pymodbus==3.16.1
    .venv/bin/python examples/modbus-server.py --port 5020

Holding register 0 is the temperature of its oil in tenths of a degree, which goes from 40 to 90 °C
and back within 40 seconds; register 1 is the current in amperes.
"""

import argparse
import asyncio
import math
import time

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

PERIOD_S = 40


async def measure(_function, start, _address, _count, registers, _values):
    """What the registers hold whenever somebody reads them."""
    phase = 2 * math.pi * time.monotonic() / PERIOD_S
    registers[0 - start] = round(650 - 250 * math.cos(phase))
    registers[1 - start] = round(200 + 50 * math.sin(phase))


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--port", type=int, default=5020)
    port = parser.parse_args().port
    registers = SimData(0, values=[400, 200], datatype=DataType.REGISTERS)
    device = SimDevice(id=1, simdata=[registers], action=measure)
    print(f"a transformer at 127.0.0.1:{port}", flush=True)
    await ModbusTcpServer(device, address=("127.0.0.1", port)).serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
