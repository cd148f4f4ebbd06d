#!/usr/bin/env python3
"""A kubectl that has one volume and one Rollout, and remembers what it was asked: for the scripts of deploy/scripts.

What there is stands in the folder FAKE_CLUSTER: volume.json, rollout.json, `stuck` if jobs never complete, and `fails` with the
number of the call that fails.
"""

import json
import os
import pathlib
import sys

FOLDER = pathlib.Path(os.environ["FAKE_CLUSTER"])


def main(arguments: list[str]) -> int:
    words = [a for a in arguments if not a.startswith("-")]
    given = sys.stdin.read() if arguments[-2:] == ["-f", "-"] else ""
    with (FOLDER / "asked.jsonl").open("a") as asked:
        asked.write(json.dumps({"arguments": arguments, "given": given}) + "\n")
    fails = FOLDER / "fails"
    if fails.exists() and len((FOLDER / "asked.jsonl").read_text().splitlines()) == int(fails.read_text()):
        print("the server does not answer", file=sys.stderr)
        return 1
    if "get" in words and "persistentvolumes" in words:
        print(json.dumps({"items": [json.loads((FOLDER / "volume.json").read_text())]}))
    elif "get" in words and "persistentvolume" in words:
        print((FOLDER / "volume.json").read_text())
    elif "get" in words and "rollout" in words:
        print((FOLDER / "rollout.json").read_text())
    elif "wait" in words:
        return int((FOLDER / "stuck").exists())
    elif "create" in words:
        print("{}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
