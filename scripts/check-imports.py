#!/usr/bin/env python3
"""Every import of a room stands in its own entry of Package.swift, and arrows point down (docs/ARCHITECTURE.md).

SwiftPM lets a module through that is reachable by another way; this does not.
"""

import json
import pathlib
import re
import subprocess
import sys

SYSTEM = {"Glibc", "Dispatch", "Synchronization", "FoundationEssentials", "Foundation", "Testing"}
ORDER = [  # from the ground up; a room imports only what stands before it
    {"Clibmodbus", "Ctomlplusplus", "Cthreads", "Cclock", "Czlib", "Czstd", "Ccrc32c"},
    {"Metering", "ModbusProtocol", "IEC104", "Threads", "Files", "Columns", "Proof", "Compression"},
    {"Segments", "Schedule", "Settings", "Modbus", "IEC104Client", "StatusAPI", "Simulation"},
    {"Decoding", "Accounting"},
    {"Archive", "Commissioning"},
    {"Acquisition", "Forwarding", "Series"},
    {"meterd", "TestSupport", "powercut-driver", "sample-archive"},
]

root = pathlib.Path(__file__).resolve().parent.parent
package = json.loads(
    subprocess.run(["swift", "package", "dump-package"], cwd=root, check=True, capture_output=True).stdout
)
level = {name: number for number, rooms in enumerate(ORDER) for name in rooms}
wrong = []
for target in package["targets"]:
    name = target["name"]
    declared = set()
    for dependency in target["dependencies"]:
        declared.add((dependency.get("byName") or dependency.get("product") or dependency.get("target"))[0])
    folder = root / (target.get("path") or ("Tests/" if target["type"] == "test" else "Sources/") + name)
    if target["type"] != "test" and name not in level:
        wrong.append(f"{folder}: the room '{name}' has no place in scripts/check-imports.py")
    for file in sorted(folder.rglob("*.swift")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = re.match(r"\s*(?:@\w+(?:\(\w+\))?\s+|public\s+|internal\s+)*import\s+(?:\w+\s+)?(\w+)(?:\.\w+)*\s*(?://.*)?$", line)
            if not match or match[1] in SYSTEM:
                continue
            module = match[1]
            where = f"{file.relative_to(root)}:{number}"
            if module not in declared:
                wrong.append(f"{where}: imports {module}, which '{name}' does not declare in Package.swift")
            elif target["type"] != "test" and level.get(module, -1) >= level.get(name, 99):
                wrong.append(f"{where}: {name} -> {module} points up or sideways")
for line in wrong:
    print(line, file=sys.stderr)
sys.exit(1 if wrong else 0)
