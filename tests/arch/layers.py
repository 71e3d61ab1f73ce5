#!/usr/bin/python3
"""layers - every #include of the house against the table below.

Arrows point only to the left: base < wire < core < codec < io < program, `sys` beside io; agent/
and collector/ never include each other. A header that stands in no list is refused everywhere:
a new library is a decision, made here.
"""

import re
import sys

import house

# Headers that only declare types, macros and memory, string and math functions. <assert.h> is here
# for static_assert; assert() itself would show in tests/arch/purity.
PURE = {"assert.h", "endian.h", "errno.h", "float.h", "inttypes.h", "limits.h", "math.h",
        "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "string.h", "sys/types.h"}
# Everything of libc and the kernel that can look at or change the world.
SYSTEM = re.compile(r"(arpa|linux|net|netinet|sys)/\w+\.h|"
                    r"(dirent|dlfcn|fcntl|getopt|glob|grp|ifaddrs|link|malloc|netdb|poll|pthread|"
                    r"pwd|sched|signal|spawn|stdio|stdlib|syslog|termios|time|unistd|wchar)\.h")
# name in the table -> the headers of that library
LIBRARIES = {
    "uv": r"uv\.h",
    "openssl": r"openssl/\w+\.h",
    "hiredis": r"(hiredis/)?(hiredis|async|read|sds)\.h",
    "curl": r"curl/\w+\.h",
    "cjson": r"(cjson/)?cJSON\.h",
    "http_parser": r"http_parser\.h",
    "ical": r"libical/\w+\.h",
    "yaml": r"yaml\.h",
    "png": r"png\.h",
    "zlib": r"zlib\.h",
    "brotli": r"brotli/\w+\.h",
    "stdio": r"stdio\.h",  # for snprintf, in rooms that may see no other SYSTEM header
}

BASE = ["common/base"]
WIRE = BASE + ["common/wire"]
SHELL = WIRE + ["common/sys", "common/io"]

# room (the longest matching folder counts) -> (rooms it may include beside itself,
#                                               libraries it may see, may it see SYSTEM headers)
ROOMS = {
    "common/base":     ([],                                            [], False),
    "common/wire":     (BASE,                                          [], False),
    "common/sys":      (BASE,                                          ["yaml"], True),
    "common/io":       (SHELL,                                         ["uv", "openssl"], True),
    "agent/core":      (WIRE,                                          [], False),
    "agent/io":        (SHELL + ["agent/core"],                        ["uv", "openssl"], True),
    "agent":           (SHELL + ["agent/core", "agent/io"],            ["uv"], True),
    "collector/core":  (WIRE,                                          [], False),
    "collector/codec": (WIRE + ["collector/core"],                     ["cjson", "http_parser", "ical", "stdio"],
                        False),
    "collector/io":    (SHELL + ["collector/core", "collector/codec"], ["uv", "openssl", "hiredis", "curl", "png"],
                        True),
    # cli reads the collector's configuration, to replay under its rules, and Redis without a loop, to
    # replay what is stored
    "collector/cli":   (SHELL + ["collector/core", "collector/codec",
                                 "collector"],                         ["curl", "cjson", "hiredis"],
                        True),
    "collector/web":   ([],                                            ["zlib", "brotli"], True),
    "collector":       (SHELL + ["collector/core", "collector/codec",
                                 "collector/io"],                      ["uv", "curl"], True),
    "tests":           (SHELL + ["agent", "collector", "tests"],       list(LIBRARIES), True),
}

INCLUDE = re.compile(r"^\s*#\s*include(?:_next)?\s*(.*)$")


def room_of(path):
    """The most specific room that holds `path`, or None."""
    rooms = [r for r in ROOMS if path.startswith(r + "/")]
    return max(rooms, key=len) if rooms else None


def header_fault(room, header):
    """Why `room` may not see <header>, or None."""
    _, libraries, system = ROOMS[room]
    if header in PURE:
        return None
    owners = [name for name, pattern in LIBRARIES.items() if re.fullmatch(pattern, header)]
    if any(name in libraries for name in owners):
        return None
    if re.fullmatch(SYSTEM, header):
        return None if system else f"{room} may not see the system header <{header}>"
    if owners:
        return f"{room} may not see the library header <{header}>"
    return f"<{header}> stands in no list of tests/arch/layers.py"


def include_fault(root_files, room, target):
    """Why `room` may not include "target", or None."""
    rooms, _, _ = ROOMS[room]
    if target not in root_files:
        return f'"{target}" is not a path from the project root'
    other = room_of(target)
    if other is None:
        return f'"{target}" is in no room of tests/arch/layers.py'
    if other == room or other in rooms or (room == "tests" and other.split("/")[0] in rooms):
        return None
    return f'{room} may not include {other} ("{target}")'


def check(root):
    faults = []
    root_files = set(house.files(root))
    for path in house.files(root, (".c", ".h", ".def")):
        room = room_of(path)
        if room is None:
            faults.append(f"{path}: in no room of tests/arch/layers.py")
            continue
        for number, line in enumerate(house.lines(root, path), 1):
            include = INCLUDE.match(line)
            if not include:
                continue
            named = re.match(r'<([^>]+)>|"([^"]+)"', include[1])
            if not named:
                fault = f"cannot be checked: {line.strip()}"
            elif named[1]:
                fault = header_fault(room, named[1])
            else:
                fault = include_fault(root_files, room, named[2])
            if fault:
                faults.append(f"{path}:{number}: {fault}")
    return faults


def plant(name, path, include, expect):
    files = {path: f"#include {include}\n", "common/sys/clock.h": ""}
    return house.Plant(name, files, expect)


PLANTS = [
    plant("base reaching up to sys", "common/base/planted.c", '"common/sys/clock.h"',
          "common/base may not include common/sys"),
    plant("a core that reads the clock", "collector/core/planted.h", "<time.h>",
          "collector/core may not see the system header <time.h>"),
    plant("a core that prints", "agent/core/planted.c", "<stdio.h>",
          "agent/core may not see the system header <stdio.h>"),
    plant("a codec that opens files", "collector/codec/planted.c", "<fcntl.h>",
          "collector/codec may not see the system header <fcntl.h>"),
    plant("libuv in a codec", "collector/codec/notify/planted.c", "<uv.h>",
          "collector/codec may not see the library header <uv.h>"),
    plant("Redis outside collector/io", "agent/io/planted.c", "<hiredis.h>",
          "agent/io may not see the library header <hiredis.h>"),
    plant("cJSON in a core", "collector/core/judge/planted.c", "<cJSON.h>",
          "collector/core may not see the library header <cJSON.h>"),
    plant("OpenSSL in the wire", "common/wire/planted.c", "<openssl/ssl.h>",
          "common/wire may not see the library header <openssl/ssl.h>"),
    plant("a library nobody decided on", "collector/io/planted.c", "<glib.h>",
          "<glib.h> stands in no list"),
    plant("an include beside the root", "common/base/planted.c", '"span.h"',
          "is not a path from the project root"),
    plant("an include by macro", "common/base/planted.c", "PLANTED_H", "cannot be checked"),
    plant("a file in no room", "planted/planted.c", "<stdint.h>", "in no room"),
    house.Plant("agent and collector including each other",
                {"agent/planted.h": "", "collector/io/planted.c": '#include "agent/planted.h"\n'},
                "collector/io may not include agent "),
]

if __name__ == "__main__":
    sys.exit(house.main("every include points to the left", check, PLANTS))
