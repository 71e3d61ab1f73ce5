#!/usr/bin/python3
"""sizes - a file has at most 500 lines, a function at most 70 and five parameters.

Functions are found by the layout clang-format settles (tests/lint checks it): in C a body begins
with a lone `{` and ends with a lone `}` in the first column.
"""

import re
import sys

import house

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
PARAMETERS_MAX = 5
# Callbacks whose parameters a library dictates.
DICTATED = {("common/io/tls.c", "on_alpn")}


def without_comments_and_text(line):
    line = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'', '""', line)
    return re.sub(r"//.*|/\*.*?\*/", "", line)


def signature_start(lines, brace):
    """The first line of the signature that ends above the line `brace`."""
    first = brace
    while first > 0:
        above = lines[first - 1]
        if not above.strip() or above.startswith(("#", "}", "/", " *")) or above.endswith((";", "*/")):
            break
        first -= 1
    return first


def parameter_count(signature):
    """The parameters of a definition: the commas at depth one of its last pair of parentheses."""
    depth, count, inside = 0, 0, ""
    for c in signature:
        if c == "(":
            depth += 1
            if depth == 1:
                count, inside = 1, ""
                continue
        if c == ")":
            depth -= 1
        if depth == 1 and c == ",":
            count += 1
        if depth > 0:
            inside += c
    return 0 if inside.strip() in ("", "void") else count


def function_name(signature):
    return re.sub(r"\(.*", "", signature).split()[-1]


def function_faults(path, lines):
    faults = []
    start = None
    for i, line in enumerate(lines):
        if line == "{":
            start = signature_start(lines, i)
            signature = " ".join(without_comments_and_text(l) for l in lines[start:i])
            count = parameter_count(signature)
            if count > PARAMETERS_MAX and (path, function_name(signature)) not in DICTATED:
                faults.append(f"{path}:{start + 1}: function with {count} parameters")
        elif line == "}" and start is not None:
            if i + 1 - start > FUNCTION_LINES_MAX:
                faults.append(f"{path}:{start + 1}: function of {i + 1 - start} lines")
            start = None
    return faults


def check(root):
    faults = []
    for path in house.files(root):
        if not house.is_source(root, path):
            continue
        lines = house.lines(root, path)
        if len(lines) > FILE_LINES_MAX:
            faults.append(f"{path}: {len(lines)} lines")
        if path.endswith((".c", ".h")):
            faults += function_faults(path, lines)
    return faults


def function(signature, body_lines):
    return signature + "\n{\n" + "    work();\n" * body_lines + "}\n"


PLANTS = [
    house.Plant("a file of 501 lines", {"common/base/planted.h": "//\n" * 501}, "planted.h: 501 lines"),
    house.Plant("a script of 501 lines", {"tests/planted": "#!/bin/sh\n" + ":\n" * 500},
                "tests/planted: 501 lines"),
    house.Plant("a function of 71 lines",
                {"agent/planted.c": "int x;\n\n" + function("static int f(void)", 68)},
                "agent/planted.c:3: function of 71 lines"),
    house.Plant("a long function with a wrapped signature",
                {"agent/planted.h": "/* Says why. */\n" + function("static void f(int a,\n    int b)", 67)},
                "agent/planted.h:2: function of 71 lines"),
    house.Plant("six parameters",
                {"agent/planted.c": function("int f(int a, int (*b)(int, int), char *c, // (and\n"
                                             "      int d, int e, int g)", 1)},
                "agent/planted.c:1: function with 6 parameters"),
]

if __name__ == "__main__":
    sys.exit(house.main("every file and function fits its limit", check, PLANTS))
