"""Reads an export in both formats with foreign readers, and tells whether they say the same.

    pyarrow_reader.py FILE.parquet FILE.csv

Prints one line of JSON: what the Parquet file is, its rows, and how many of them differ from the CSV.
"""

import csv
import json
import struct
import sys
from datetime import timezone

import pyarrow.parquet as parquet


def main(parquet_path, csv_path):
    file = parquet.ParquetFile(parquet_path)
    rows = file.read().to_pylist()
    with open(csv_path, newline="") as lines:
        told = list(csv.DictReader(lines, strict=True))
    different = sum(as_csv(row) != line for row, line in zip(rows, told))
    different += abs(len(rows) - len(told))
    group = file.metadata.row_group(0)
    print(json.dumps({
        "schema": {field.name: str(field.type) for field in file.schema_arrow},
        "created_by": file.metadata.created_by,
        "rows": len(rows),
        "row_groups": file.metadata.num_row_groups,
        "different": different,
        "compressed": group.column(0).compression,
        "encodings": {column.path_in_schema: list(column.encodings) for column in columns(group)},
        "statistics": {column.path_in_schema: limits(column) for column in columns(group)},
    }))


def columns(group):
    return [group.column(n) for n in range(group.num_columns)]


def limits(column):
    statistics = column.statistics
    if statistics is None or not statistics.has_min_max:
        return None
    return [str(statistics.min), str(statistics.max), statistics.null_count]


def as_csv(row):
    """The row as the CSV should have it, but for the value, which is compared bit by bit."""
    time = row["time"].astimezone(timezone.utc)
    line = {
        "point": row["point"],
        "time": time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "value": Double(row["value"]),
        "quality": row["quality"],
        "quality_bits": str(row["quality_bits"]),
    }
    if "text" in row:
        line["text"] = row["text"] or ""
    return line


class Double:
    """A number that is equal to a text that reads back as the very same number."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, text):
        if self.value is None or text == "":
            return self.value is None and text == ""
        return struct.pack("d", float(text)) == struct.pack("d", self.value)


if __name__ == "__main__":
    main(*sys.argv[1:])
