#!/usr/bin/python3
"""purity - the pure archives ask the world for nothing but memory, string and math functions.

    purity.py ROOM ARCHIVE [ROOM ARCHIVE ...]      rooms from left to right

Every symbol an archive leaves undefined must be in the list below, belong to a pure archive to its
left, or be pl_panic. Nothing in it may be a writable variable: state is a parameter. Includes
cannot show all of this (a prototype can be written by hand), the symbol table can.
"""

import os
import re
import subprocess
import sys
import tempfile

import house

ALLOWED = re.compile("|".join((
    # memory and strings; the __..._chk forms are what _FORTIFY_SOURCE makes of them
    r"(__)?(mem(chr|cmp|cpy|mem|move|rchr|set)|str(chr|cmp|cspn|len|ncmp|nlen|rchr|spn|str))(_chk)?",
    r"strerrordesc_np",
    # math
    r"(fabs|floor|ceil|round|trunc|l?lround|l?lrint|rint|nearbyint|sqrt|cbrt|exp|exp2|expm1|log|"
    r"log2|log10|log1p|pow|fmod|fmin|fmax|hypot|sin|cos|tan|atan2?|tanh|erfc?|lgamma|ldexp|frexp|"
    r"modf|scalbn)f?",
    # what compilers emit
    r"__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__(u?div|u?mod|mul|popcount|clz|ctz|mulo)[a-z]+\d",
    # the one way out of a bug (common/base/assert.h)
    r"pl_panic",
)))
CODEC_ALLOWED = re.compile(r"cJSON_\w+|http_(parser|body|method|errno|should|message|status)_?\w*|"
                           r"ical\w+|(__)?v?snprintf(_chk)?")
WRITABLE = re.compile(r"\.t?(data|bss)(?!\.rel\.ro)(\..*)?|\*COM\*")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def symbols(archive):
    """(defined, undefined) names of the archive's global symbols."""
    defined, undefined = set(), set()
    for line in run("nm", "-g", "-P", archive).splitlines():
        fields = line.split()
        if len(fields) >= 2 and not line.endswith(":"):
            (undefined if fields[1] in "Uwv" else defined).add(fields[0])
    return defined, undefined


def writable_variables(archive):
    found = []
    for line in run("objdump", "-t", archive).splitlines():
        # value, 7 flag characters, section, size, name
        entry = re.match(r"[0-9a-f]{16} .{7} (\S+)\t([0-9a-f]{16})\s+(?:\.hidden )?(\S+)$", line)
        if entry and int(entry[2], 16) > 0 and WRITABLE.fullmatch(entry[1]):
            found.append(entry[3])
    return found


def check(rooms):
    """`rooms`: [(name, archive)] from left to right."""
    faults, known = [], set()
    for room, archive in rooms:
        defined, undefined = symbols(archive)
        known |= defined
        for name in sorted(undefined - known):
            codec = room.endswith("codec") and CODEC_ALLOWED.fullmatch(name)
            if not ALLOWED.fullmatch(name) and not codec:
                faults.append(f"{room} needs {name}")
        faults += [f"{room} has the writable variable {name}"
                   for name in writable_variables(archive)]
    return faults


def planted(room, code):
    """The faults of an archive that holds only `code`."""
    with tempfile.TemporaryDirectory() as temp:
        source, obj, archive = (os.path.join(temp, f) for f in ("p.c", "p.o", "p.a"))
        with open(source, "w", encoding="utf-8") as f:
            f.write(code)
        run("cc", "-O2", "-fPIC", "-c", source, "-o", obj)
        run("ar", "rcs", archive, obj)
        return check([(room, archive)])


PLANTS = [
    ("malloc", "core", "#include <stdlib.h>\nvoid *pl_p(void) { return malloc(9); }", "core needs malloc"),
    ("the clock", "core", "#include <time.h>\nlong pl_p(void) { return time(0); }", "core needs time"),
    ("a prototype by hand", "wire", "long getpid(void);\nlong pl_p(void) { return getpid(); }",
     "wire needs getpid"),
    ("a call to the right", "base", "int pl_log_line(void);\nint pl_p(void) { return pl_log_line(); }",
     "base needs pl_log_line"),
    ("snprintf outside codec", "core",
     "#include <stdio.h>\nint pl_p(char *s, int i) { return snprintf(s, 9, \"%d\", i); }",
     "core needs snprintf"),
    ("a mutable global", "core", "int pl_count = 3;", "writable variable pl_count"),
    ("a zeroed static", "codec", "int pl_p(void) { static int count; return ++count; }",
     "writable variable count"),
    ("a thread-local", "core", "_Thread_local int pl_p;", "writable variable pl_p"),
]
# What must not be reported: a const table of pointers is read-only after relocation.
INNOCENT = ("codec", "#include <string.h>\n#include <stdio.h>\n"
            "static const char *const words[] = {\"a\", \"b\"};\n"
            "int pl_p(char *s, int i) { return snprintf(s, strlen(s), \"%s\", words[i]); }")


def main():
    rooms = list(zip(sys.argv[1::2], sys.argv[2::2]))
    tap = house.Tap()
    for last in range(1, len(rooms) + 1):
        room = rooms[last - 1][0]
        mine = [f for f in check(rooms[:last]) if f.startswith(room + " ")]
        tap.case(f"{room} is pure", mine)
    for name, room, code, expect in PLANTS:
        found = planted(room, code)
        missed = [] if any(expect in f for f in found) else [f"want {expect!r}, got {found}"]
        tap.case("sees " + name, missed)
    tap.case("lets a const table pass", planted(*INNOCENT))
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
