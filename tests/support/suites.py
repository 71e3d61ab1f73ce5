#!/usr/bin/python3
"""suites - builds, runs the named test suites and adds up their cases (called by tests/run).

A case is one TAP line of a C suite or a script, or one pytest case. A suite that dies without
saying which case failed counts as one failed case more, and so does one that ran no case at all.
"""

import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Count:
    """Cases passed, failed and skipped."""

    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def settled(self, status):
        """This count, with one failure more if the suite failed without naming a case."""
        if self.failed == 0 and (status != 0 or self.passed + self.skipped == 0):
            self.failed = 1
        return self


def run(command, **options):
    """(exit status, output) of a command run in the project root."""
    done = subprocess.run(command, cwd=ROOT, check=False, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, errors="replace", **options)
    return done.returncode, done.stdout


def tap_count(output):
    skipped = len(re.findall(r"^ok .*# SKIP", output, re.MULTILINE))
    passed = len(re.findall(r"^ok ", output, re.MULTILINE)) - skipped
    return Count(passed, len(re.findall(r"^not ok ", output, re.MULTILINE)), skipped)


def junit_count(path):
    """The cases of a JUnit file; none if the run died before it wrote one."""
    count = Count()
    for case in ElementTree.parse(path).iter("testcase") if os.path.exists(path) else ():
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            count.failed += 1
        elif "skipped" in kinds:
            count.skipped += 1
        else:
            count.passed += 1
    return count


def junit_failures(path):
    """What the failed test programs of a JUnit file of meson's printed."""
    texts = []
    for program in ElementTree.parse(path).iter("testsuite") if os.path.exists(path) else ():
        if program.get("failures") != "0" or program.get("errors") != "0":
            texts.append(program.get("name"))
            texts += [part.text for part in program if part.tag.startswith("system-")]
    return "\n".join(texts)


def set_up(folder, *options, **env):
    """Sets a build tree up (once). Returns what went wrong, or an empty text."""
    if os.path.exists(os.path.join(ROOT, folder, "build.ninja")):
        return ""
    status, output = run(["meson", "setup", folder, *options], env={**os.environ, **env})
    return output if status != 0 else ""


def build(folder, *options):
    """Sets the build tree up (once) and builds all of it. Returns what went wrong, or an empty text."""
    problem = set_up(folder, *options)
    if problem:
        return problem
    status, output = run(["ninja", "-C", folder])
    return output if status != 0 else ""


def run_meson(folder, suites, *options):
    """(count, what to show of a failure) of the meson suites named, after building what they need
    unless all is built."""
    log = "testlog-" + suites[0]
    junit = os.path.join(ROOT, folder, "meson-logs", log + ".junit.xml")
    if os.path.exists(junit):
        os.remove(junit)
    wanted = [word for suite in suites for word in ("--suite", suite)]
    status, output = run(["meson", "test", "-C", folder, "--print-errorlogs", "--logbase", log,
                          *wanted, *options])
    return junit_count(junit).settled(status), output + junit_failures(junit)


def meson_suite(name):
    return lambda: run_meson("build", [name], "--no-rebuild")


def run_pytest(folder, *options):
    """(count, output) of the pytest files in a folder."""
    junit = os.path.join(ROOT, "build", f"junit-{os.path.basename(folder)}.xml")
    if os.path.exists(junit):
        os.remove(junit)
    status, output = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                          "--junitxml", junit, *options, folder])
    return junit_count(junit).settled(status), output


# Tests of programs mostly wait: so many files at a time, on two cores.
AT_A_TIME = {"integration": 3, "fault": 2, "browser": 2}


def program_suite(name):
    """A suite around running programs: C programs that meson knows, and pytest files."""
    def run_both():
        count, output = Count(), ""
        _, listed = run(["meson", "test", "-C", "build", "--list", "--suite", name])
        if f":{name} / " in listed:
            count, output = run_meson("build", [name], "--no-rebuild")
        if glob.glob(os.path.join(ROOT, "tests", name, "test_*.py")):
            workers = AT_A_TIME.get(name, 0)
            more, text = run_pytest(f"tests/{name}", "-m", "not alone", "-n", str(workers),
                                    "--dist", "loadfile")
            count.add(more)
            output += text
        return count.settled(0), output
    return run_both


def alone_suite():
    """What needs the whole machine, after everything else of its folder."""
    return run_pytest("tests/integration", "-m", "alone")


def lint_suite():
    status, output = run(["tests/lint/lint.py"])
    return tap_count(output).settled(status), output


def sanitize_suite():
    """The C suites under AddressSanitizer and UndefinedBehaviorSanitizer."""
    problem = set_up("build-sanitize", "-Db_sanitize=address,undefined", "-Doptimization=1")
    if problem:
        return Count(failed=1), problem
    os.environ["UBSAN_OPTIONS"] = "halt_on_error=1:print_stacktrace=1"
    return run_meson("build-sanitize", ["unit", "sim", "integration"], "--timeout-multiplier", "5")


def fuzz_suite():
    """Each parser against libFuzzer for a short while, starting from its corpus."""
    problem = set_up("build-fuzz", "-Dfuzz=5", CC="clang")
    if problem:
        return Count(failed=1), problem
    return run_meson("build-fuzz", ["fuzz"])


# name -> (what it proves, the folder that holds it, how to run it)
SUITES = {
    "arch": ("the walls of the house: layers, purity, sizes, rooms", "tests/arch", meson_suite("arch")),
    "lint": ("layout, zero warnings under gcc and clang, clang-tidy, shellcheck", "tests/lint", lint_suite),
    "unit": ("each module alone", "tests/unit", meson_suite("unit")),
    "sim": ("seeded worlds in which everything breaks", "tests/sim", meson_suite("sim")),
    "mutants": ("faults planted into the engine are seen", "tests/sim", meson_suite("mutants")),
    "sanitize": ("the C suites again under ASan and UBSan", "tests/unit", sanitize_suite),
    "fuzz": ("every parser against libFuzzer, 5 s each", "tests/fuzz", fuzz_suite),
    "integration": ("parts against the real Redis and real sockets, and the programs together",
                    "tests/integration", program_suite("integration")),
    "fault": ("killed and stopped programs lose no sample and no page", "tests/fault",
              program_suite("fault")),
    "alone": ("real load makes one page and one resolve; requests are counted exactly", "tests/integration",
              alone_suite),
    "detect": ("the detectors on traces of the real world, if they are here", "tests/detect",
               program_suite("detect")),
    "browser": ("the live page in a real browser", "tests/browser", program_suite("browser")),
}


# Suites that mostly wait run beside another one, to be done sooner on two cores.
BESIDE = {"fault": "integration", "detect": "integration"}


def wanted_suites(names):
    """The suites to run; ends the program when a name means nothing."""
    for name in names:
        if name not in SUITES:
            refuse(f"there is no suite '{name}'; there are: {' '.join(SUITES)}")
        if not os.path.isdir(os.path.join(ROOT, SUITES[name][1])):
            refuse(f"suite '{name}' has no folder {SUITES[name][1]}/")
    return names


def run_suite(name):
    """Runs a suite, says how it ended, and returns its count."""
    start = time.monotonic()
    count, output = SUITES[name][2]()
    if count.failed:
        print(output)
    print(f"{name}: {count} ({time.monotonic() - start:.1f} s)", flush=True)
    return count


def refuse(problem):
    print(f"tests/run: {problem}", file=sys.stderr)
    sys.exit(2)


def main():
    if sys.argv[1:] == ["--list"]:
        for name, (proves, _, _) in SUITES.items():
            print(f"{name:<12} {proves}")
        return 0
    names = wanted_suites(sys.argv[1:] or list(SUITES))
    total = Count()
    problem = build("build", "--werror")
    if problem:
        print(problem)
        names, total = [], Count(failed=1)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for name in names:
            if BESIDE.get(name) in names:
                continue  # runs beside that one
            together = [name] + [n for n in names if BESIDE.get(n) == name]
            for count in pool.map(run_suite, together):
                total.add(count)
    print(total)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
