#!/usr/bin/python3
"""lint - layout, warnings and the faults that tools find without running anything. Prints TAP.

    tests/lint/lint.py        needs gcc, clang, clang-format, clang-tidy, shellcheck, pyflakes3, meson

Builds by gcc in build/ where that takes warnings for errors, else in build-lint-gcc/. What clang
warns of is told by clang-tidy, with the commands of build-lint-clang/, so nothing is built twice. A
source that clang-tidy found clean is not read again until it, a header it includes or .clang-tidy
changes.
"""

import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "arch"))
import house  # noqa: E402 - the tree walk and TAP are the same as in tests/arch


def run(command, **options):
    """(exit status, output lines) of a command."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    return done.returncode, done.stdout.splitlines()


def faults(command, **options):
    """The output of a command that failed (its end, if it is long), or nothing."""
    status, lines = run(command, **options)
    return (lines[-40:] or [f"exit status {status}"]) if status else []


def format_faults(paths):
    return faults(["clang-format", "--dry-run", "--Werror", *paths])


def shell_scripts():
    for path in house.files(ROOT):
        full = os.path.join(ROOT, path)
        with open(full, "rb") as f:
            first = f.readline()
        if first.startswith(b"#!") and (b"bash" in first or b"/sh" in first):
            yield full


def is_strict(folder):
    """True for a build folder of gcc in which a warning is an error."""
    status, lines = run(["meson", "introspect", "--buildoptions", os.path.join(ROOT, folder)])
    if status:
        return False
    strict = {option["name"]: option["value"] for option in json.loads("".join(lines))}["werror"]
    with open(os.path.join(ROOT, folder, "compile_commands.json"), encoding="utf-8") as f:
        return strict and "clang" not in json.load(f)[0]["command"].split()[0]


def setup_faults(folder, compiler):
    if os.path.exists(os.path.join(ROOT, folder, "build.ninja")):
        return []
    return faults(["meson", "setup", "--werror", os.path.join(ROOT, folder), ROOT],
                  env={**os.environ, "CC": compiler})


def gcc_faults():
    """What gcc warns of, in the build folder of tests/run where that is a strict one."""
    folder = "build" if is_strict("build") else "build-lint-gcc"
    return setup_faults(folder, "gcc") or faults(["ninja", "--quiet", "-C",
                                                  os.path.join(ROOT, folder)])


def commands():
    """(folder, {source path: its compile command}) of a clang build, which need not be built."""
    folder = os.path.join(ROOT, "build-lint-clang")
    with open(os.path.join(folder, "compile_commands.json"), encoding="utf-8") as f:
        entries = json.load(f)
    found = {}
    for entry in entries:
        path = os.path.relpath(os.path.join(folder, entry["file"]), ROOT)
        if not path.startswith("build"):  # generated code is not for readers
            found.setdefault(path, shlex.split(entry["command"]))
    return folder, found


def tidy_faults(folder, path, command):
    """clang-tidy over one source, unless this very text was clean before."""
    source = os.path.join(ROOT, path)
    preprocess = [*command[:command.index("-MD")], "-E", source]
    text = subprocess.run(preprocess, cwd=folder, check=True, capture_output=True).stdout
    digest = hashlib.sha256(text)
    for config in (".clang-tidy", "tests/.clang-tidy"):
        digest.update(house.read_bytes(ROOT, config))
    clean = os.path.join(folder, "tidy-clean", digest.hexdigest())
    if os.path.exists(clean):
        return []
    found = faults(["clang-tidy", "--quiet", "-p", folder, source])
    if not found:
        house.write(folder, clean, b"")
    return found


PLANTED = ("#include <stdlib.h>\nint main(int argc, char **argv)\n{\n"
           "    int *p = malloc(4);\n    if (argc > 1 && argv) free(p);\n    return *p;\n}\n")


def planted_faults(command):
    """The output of a tool over a file that leaks, reads freed memory and was never laid out."""
    with tempfile.TemporaryDirectory() as temp:
        source = os.path.join(temp, "planted.c")
        with open(source, "w", encoding="utf-8") as f:
            f.write(PLANTED.replace("    int *p", "  int* p"))
        for config in (".clang-format", ".clang-tidy"):
            house.write(temp, config, house.read_bytes(ROOT, config))
        return faults([*command, source, *(["--"] if command[0] == "clang-tidy" else [])])


def main():
    tap = house.Tap()
    sources = [os.path.join(ROOT, p) for p in house.files(ROOT, (".c", ".h"))]
    tap.case("every C file is laid out by clang-format", format_faults(sources))
    tap.case("shell scripts pass shellcheck", faults(["shellcheck", *shell_scripts()]))
    python = [os.path.join(ROOT, p) for p in house.files(ROOT, (".py",))]
    tap.case("Python passes pyflakes", faults(["pyflakes3", *python]))
    tap.case("gcc builds without a warning", gcc_faults())
    problems = setup_faults("build-lint-clang", "clang")
    tap.case("clang can build it", problems)
    for name, command in (("clang-format", ["clang-format", "--dry-run", "--Werror"]),
                          ("clang-tidy", ["clang-tidy", "--quiet"])):
        tap.case(f"{name} sees a planted fault",
                 [] if planted_faults(command) else ["it said nothing"])
    if problems:
        return tap.finish()
    folder, found = commands()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {path: pool.submit(tidy_faults, folder, path, command)
                for path, command in sorted(found.items())}
        for path, job in jobs.items():
            tap.case(f"clang and clang-tidy {path}", job.result())
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
