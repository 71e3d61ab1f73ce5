"""What the architecture tests share: walking the source tree, and running a check as TAP.

A check is a function `check(root) -> [str]`: the violations it finds under `root`, empty when the
house is in order. Its plants are small faults; each is put into a little house of its own and must
be reported. So the suite shows two things at every run: the house holds, and the check can see.
"""

import os
import sys
import tempfile

SOURCE_SUFFIXES = (".c", ".h", ".def", ".py", ".sh", ".js", ".mjs", ".css", ".html")


def files(root, suffixes=None):
    """Paths of the tree's files, relative to `root`, sorted; without build trees and caches."""
    found = []
    for folder, folders, names in os.walk(root):
        at_top = os.path.samefile(folder, root)
        folders[:] = [f for f in folders
                      if (not f.startswith(".") or f == ".ci") and f != "__pycache__"
                      and not (at_top and f.startswith("build"))]
        for name in names:
            if name == ".git":
                continue  # a linked worktree has a file of that name
            path = os.path.relpath(os.path.join(folder, name), root)
            if suffixes is None or name.endswith(suffixes):
                found.append(path)
    return sorted(found)


def is_source(root, path):
    """A file people wrote as a program: by its suffix, or by its #! line."""
    if path.endswith(SOURCE_SUFFIXES):
        return True
    if "." in os.path.basename(path):
        return False
    with open(os.path.join(root, path), "rb") as f:
        return f.read(2) == b"#!"


def lines(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read().splitlines()


class Tap:
    """Prints TAP, one line per case; what went wrong goes to stderr, where meson shows it."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def case(self, name, problems):
        self.count += 1
        self.failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {self.count} - {name}")
        sys.stdout.flush()
        for problem in problems:
            print(f"#   {problem}", file=sys.stderr, flush=True)

    def finish(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0


class Plant:
    """A fault: a house of only `files` {path: text}, reported with `expect` in the words."""

    def __init__(self, name, files, expect):
        self.name, self.files, self.expect = name, files, expect

    def missed(self, check):
        """What is wrong with the check, or nothing."""
        with tempfile.TemporaryDirectory() as root:
            for path, text in self.files.items():
                write(root, path, text.encode())
            found = check(root)
        if any(self.expect in line for line in found):
            return []
        return [f"no report holds \"{self.expect}\"; reported: {found or 'nothing'}"]


def read_bytes(root, path):
    with open(os.path.join(root, path), "rb") as f:
        return f.read()


def write(root, path, data):
    target = os.path.join(root, path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as f:
        f.write(data)


def main(title, check, plants):
    """`<script> [ROOT]`: the check over ROOT (default: this project), then every plant."""
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(here))
    tap = Tap()
    tap.case(title, check(root))
    for plant in plants:
        tap.case("sees " + plant.name, plant.missed(check))
    return tap.finish()
