#!/usr/bin/python3
"""mutants - plants one fault at a time into the engine and demands that a suite sees it (TAP).

    mutants.py ROOT LIBRARY...        run by meson; the libraries are those of the build tree

A fault is one line of a core file, replaced. The changed file is compiled alone and linked in front
of the libraries, so that it takes the place of the sound one. The suites are asked in turn until one
fails; a fault that all of them pass is one nobody would notice.
"""

import concurrent.futures
import os
import subprocess
import sys
import tempfile

CORE = "collector/core/"
FAULTS = [
    ("a hold time is ignored", "judge/level.c",
     "was_held || over_ms >= policy->hold_ms", "was_held || over_ms >= 0"),
    ("a level is left where it was entered", "judge/level.c",
     "enter_bp[tier] - policy->leave_bp", "enter_bp[tier]"),
    ("a hole in the data does not restart hold times", "judge/level.c",
     "if (l->held < tier) l->over_stamp_ms", "if (l->held > tier) l->over_stamp_ms"),
    ("what is coming is not told", "judge/rule_host.c",
     "worst.coming[s] = PL_MAX(", "worst.coming[s] = PL_MIN("),
    ("a stall is taken for some waiting", "judge/rule_host.c", "PL_PSI_IO_FULL", "PL_PSI_IO_SOME"),
    ("fair is by heads", "judge/rule_imbalance.c",
     "return (double)host->weight / pool->live_weight", "return 1.0 / live_count"),
    ("a collapse is not latched", "judge/rule_collapse.c",
     "bool over = normal && ", "bool over = normal || "),
    ("a quiet hour of the day is a collapse", "judge/rule_collapse.c",
     "return PL_MIN(usual, t->ladder", "return PL_MAX(usual, t->ladder"),
    ("the loss of a host is ignored", "judge/rule_no_spare.c", "/ h->spare.p50", "/ h->whole.p50"),
    ("half of a pool may fall silent", "judge/rule_silent.c",
     "2 * pool->silent_count >= pool->host_count", "2 * pool->silent_count > pool->host_count"),
    ("a clear time is ignored", "alert/alert.c",
     "ran_out(a->clear_mono_ms, quiet_ms, now)", "ran_out(a->clear_mono_ms, 0, now)"),
    ("no data lets the clear time run", "alert/alert.c",
     "a->lower_mono_ms = a->clear_mono_ms = PL_NEVER_MS;\n        if", "if"),
    ("what comes and goes pages each time", "alert/alert.c",
     "a->unstable = a->unstable ||", "a->unstable = a->unstable &&"),
    ("a consequence pages all the same", "alert/alert.c", " && !a->hidden;", ";"),
    ("a consequence is never told", "engine_judge.c",
     "    a->revision++;\n    pl_engine_act(e, index, PL_ALERT_RAISE);", "    a->hidden = true;"),
    ("a resolve goes to who was never told", "alert/outbox.c",
     "bool needed = knows || pl_alert_pages(alert);", "bool needed = knows || alert->revision > 0;"),
    ("an alert acts while the clock is tilted", "engine_judge.c", "if (e->tilted || ", "if ("),
    ("what is inside is what comes", "judge/capacity.c",
     "(float)(traffic / (1 - busy))", "(float)traffic"),
    ("neighbours take nothing", "judge/capacity.c",
     "return PL_MIN(full - theirs, quota);", "return PL_MIN(full, quota);"),
    ("more memory for a service is not noticed", "judge/capacity.c",
     "if (rescale(c, PL_LEARNED_SERVICE_MEMORY, c->service_memory, is))", "if (c->service_memory < 0)"),
    ("local ports are taken by what is inside", "judge/capacity.c",
     "PL_PORTS_USED, PL_BY_LATELY,", "PL_PORTS_USED, PL_BY_INSIDE,"),
    ("a minute's attack costs what days have taught", "observe/curve.c",
     "if (loses && !has_lasted(c)) return false;", ""),
    ("a pool's own rules are ignored", "engine.c",
     "if (config->pools[i].rules)", "if (!config)"),
]

UNITS = ["level", "alert", "rules", "rule_set", "outbox", "engine", "curve", "capacity"]
SIM = ["collector", "machine", "oracle", "pager", "store", "trouble", "world"]
SEEDS = "150"


def compile_file(root, source, out):
    subprocess.run(["cc", "-std=gnu17", "-O1", "-D_GNU_SOURCE", "-w", "-I", root, "-c", source,
                    "-o", out], check=True)


class Suites:
    """The suites as object files, to be linked with or without a fault."""

    def __init__(self, root, libraries, folder):
        self.root, self.libraries, self.folder = root, libraries, folder
        sources = {f"sim_{name}": f"tests/sim/{name}.c" for name in [*SIM, "main", "stories"]}
        sources |= {f"unit_{name}": f"tests/unit/test_{name}.c" for name in UNITS}
        sources["rig"] = "tests/unit/engine_rig.c"
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda item: compile_file(root, os.path.join(root, item[1]),
                                                    self.object(item[0])), sources.items()))
        world = [self.object(f"sim_{name}") for name in SIM]
        self.suites = [(name, [self.object(f"unit_{name}"), self.object("rig")], [])
                       for name in UNITS]
        self.suites.append(("stories", [self.object("sim_stories"), *world],
                            [os.path.join(root, "tests/sim/golden")]))
        self.suites.append(("sim", [self.object("sim_main"), *world], ["--seeds", SEEDS]))

    def object(self, name):
        return os.path.join(self.folder, name + ".o")

    def passes(self, suite, fault):
        """Links one suite, with the object of a fault or none, and runs it."""
        _, objects, arguments = suite
        program = os.path.join(self.folder, "program")
        group = ["-Wl,--start-group", *self.libraries, "-Wl,--end-group"]
        subprocess.run(["cc", "-o", program, *objects, *fault, *group, "-lm"], check=True)
        done = subprocess.run([program, *arguments], check=False, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
        return done.returncode == 0

    def who_sees(self, fault):
        """The first suite that fails, or None."""
        return next((s[0] for s in self.suites if not self.passes(s, fault)), None)

    def plant(self, path, old, new):
        """The object file of a core file with `old`, which stands there once, replaced."""
        with open(os.path.join(self.root, CORE, path), encoding="utf-8") as sound:
            text = sound.read()
        if text.count(old) != 1:
            return None
        changed = os.path.join(self.folder, "fault.c")
        with open(changed, "w", encoding="utf-8") as faulty:
            faulty.write(text.replace(old, new))
        compile_file(self.root, changed, self.object("fault"))
        return self.object("fault")


def main():
    root, libraries = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        suites = Suites(root, libraries, folder)
        failed = suites.who_sees([])
        print(f"{'not ' if failed else ''}ok 1 - without a fault every suite passes")
        if failed:
            print(f"# {failed} does not")
        wrong = bool(failed)
        for number, (name, path, old, new) in enumerate(FAULTS, 2):
            planted = suites.plant(path, old, new)
            seen = suites.who_sees([planted]) if planted else None
            print(f"{'' if seen else 'not '}ok {number} - {name}")
            print(f"# {path}: " + (f"seen by {seen}" if seen else "nobody sees it" if planted
                                   else f"the line to change is not there once: {old!r}"))
            wrong = wrong or not seen
        print(f"1..{len(FAULTS) + 1}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
