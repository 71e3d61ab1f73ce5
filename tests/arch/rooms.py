#!/usr/bin/python3
"""rooms - what a stranger relies on when walking through the house.

Every folder with sources has a README.md on its door; the folders that a README.md names exist;
nothing is marked as unfinished; no file holds a path of somebody's machine.
"""

import os
import re
import sys

import house

UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
MACHINE_PATH = re.compile(r"(?<![\w.])/(home|root|Users|work|mnt|media)/[\w.]")
# Bytes for machines: recorded inputs, not text that people wrote.
DATA = ("tests/fixtures/", "tests/fuzz/corpus/")


def readme_faults(root, paths):
    folders = {os.path.dirname(path) for path in paths if house.is_source(root, path)}
    return [f"{folder}/ has sources but no README.md" for folder in sorted(folders - {".ci"})
            if os.path.join(folder, "README.md") not in paths]


def map_faults(root, paths):
    """Folders in back-quotes, `like/this/`, that the README.md above them promises."""
    faults = []
    for path in paths:
        if os.path.basename(path) != "README.md":
            continue
        for number, line in enumerate(house.lines(root, path), 1):
            for folder in re.findall(r"`([\w.-]+(?:/[\w.-]+)*)/`", line):
                beside = os.path.join(root, os.path.dirname(path), folder)
                if folder.startswith("build") or os.path.isdir(beside):
                    continue
                if not os.path.isdir(os.path.join(root, folder)):
                    faults.append(f"{path}:{number}: the folder {folder}/ does not exist")
    return faults


def text_faults(root, paths):
    faults = []
    for path in paths:
        try:
            lines = house.lines(root, path)
        except UnicodeDecodeError:
            continue  # a picture or a recording
        for number, line in enumerate(lines, 1):
            if UNFINISHED.search(line):
                faults.append(f"{path}:{number}: marked as unfinished: {line.strip()[:60]}")
            if MACHINE_PATH.search(line):
                faults.append(f"{path}:{number}: a path of one machine: {line.strip()[:60]}")
    return faults


def check(root):
    paths = [p for p in house.files(root) if not p.startswith(DATA)]
    return readme_faults(root, set(paths)) + map_faults(root, paths) + text_faults(root, paths)


PLANTS = [
    house.Plant("a room without README", {"agent/planted/new.c": ""},
                "agent/planted/ has sources but no README.md"),
    house.Plant("a map of a folder that is not there", {"agent/planted/README.md": "See `agent/attic/`.\n"},
                "the folder agent/attic/ does not exist"),
    house.Plant("unfinished work", {"common/planted.txt": "later: FIX" "ME\n"}, "marked as unfinished"),
    house.Plant("a machine's path", {"common/planted.txt": "cd /ho" "me/anna/src\n"},
                "a path of one machine"),
]

if __name__ == "__main__":
    sys.exit(house.main("rooms have doors, maps are true, nothing is unfinished", check, PLANTS))
