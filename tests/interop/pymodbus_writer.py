"""A PLC on pymodbus that writes its registers into a server: an independent peer.

Usage: pymodbus_writer.py HOST PORT UNIT [--ca FILE --certificate FILE --key FILE]   (then over TLS)

Prints `connected` or `error REASON` as one line, then takes commands on its standard input, one per
line, and answers each with one line: `ok` and the values read back, `exception CODE`, or `error
REASON`:

    coil ADDRESS VALUE              function 5
    register ADDRESS VALUE          function 6
    coils ADDRESS VALUE...          function 15
    registers ADDRESS VALUE...      function 16
    exchange FROM COUNT TO VALUE... function 23: writes TO, reads FROM
    mask ADDRESS AND OR             function 22, which no server here has
    read-coils ADDRESS COUNT        function 1
    read-registers ADDRESS COUNT    function 3
"""

import argparse
import logging
import ssl
import sys

from pymodbus.client import ModbusTcpClient, ModbusTlsClient
from pymodbus.exceptions import ModbusException


def connect(arguments):
    if arguments.ca is None:
        return ModbusTcpClient(arguments.host, port=arguments.port, retries=0)
    context = ssl.create_default_context(cafile=arguments.ca)
    # pymodbus does not tell the name that it connects to.
    context.check_hostname = False
    if arguments.certificate is not None:
        context.load_cert_chain(arguments.certificate, arguments.key)
    return ModbusTlsClient(arguments.host, port=arguments.port, sslctx=context, retries=0)


def obey(client, unit, command):
    words = command.split()
    numbers = [int(word) for word in words[1:]]
    match words[0]:
        case "coil":
            return client.write_coil(numbers[0], bool(numbers[1]), device_id=unit)
        case "register":
            return client.write_register(numbers[0], numbers[1], device_id=unit)
        case "coils":
            values = [bool(number) for number in numbers[1:]]
            return client.write_coils(numbers[0], values, device_id=unit)
        case "registers":
            return client.write_registers(numbers[0], numbers[1:], device_id=unit)
        case "exchange":
            return client.readwrite_registers(
                read_address=numbers[0],
                read_count=numbers[1],
                write_address=numbers[2],
                values=numbers[3:],
                device_id=unit,
            )
        case "mask":
            return client.mask_write_register(
                address=numbers[0], and_mask=numbers[1], or_mask=numbers[2], device_id=unit
            )
        case "read-coils":
            return client.read_coils(numbers[0], count=numbers[1], device_id=unit)
        case "read-registers":
            return client.read_holding_registers(numbers[0], count=numbers[1], device_id=unit)
    raise ValueError(f"unknown command: {command}")


def shown(command, answer):
    if answer.isError():
        return f"exception {answer.exception_code}"
    match command.split():
        case ["read-coils", _, count]:
            values = [int(bit) for bit in answer.bits[: int(count)]]
        case ["read-registers" | "exchange", *_]:
            values = answer.registers
        case _:
            values = []
    return " ".join(["ok", *map(str, values)])


def main():
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL + 1)
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("unit", type=int)
    parser.add_argument("--ca")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    arguments = parser.parse_args()
    client = connect(arguments)
    print("connected" if client.connect() else "error no connection", flush=True)
    for line in sys.stdin:
        command = line.strip()
        try:
            print(shown(command, obey(client, arguments.unit, command)), flush=True)
        except (ModbusException, OSError, ValueError) as error:
            print(f"error {error!r}".replace("\n", " "), flush=True)
    client.close()


if __name__ == "__main__":
    main()
