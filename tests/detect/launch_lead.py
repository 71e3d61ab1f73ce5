#!/usr/bin/python3
"""launch_lead - the crowds of public traces, with and without a launch: how long before the pool is full is
somebody told?

    tests/detect/launch_lead.py [FOLDER]        the folder with traces/, else ../shared/data or PLIMSOLL_SHARED

Of each trace the days with the largest peaks. The pool takes 0.8 of that day's peak, so the crowd is more than
it takes; the crowd begins when the traffic was at half of the capacity for the last time before. Three days of
history go before. A registration comes half an hour before the crowd begins, as in the seed case, and says: the
peak as it will be; half of it; or that nobody knows. Prints a table (Markdown) of minutes of lead.
"""

import calendar
import gzip
import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("PLIMSOLL_BUILD", "build"))
SHARED = os.environ.get("PLIMSOLL_SHARED", os.path.join(os.path.dirname(ROOT), "shared"))
TRACES = (("World Cup 1998", "worldcup98_1min_to_0625.csv.gz", 6), ("NASA, July 1995", "nasa95_jul_1min.csv.gz", 4))
DAY_S, HISTORY_DAYS = 86400, 3
KINDS = ("-", "unknown", "half", "right")


def read(path):
    with gzip.open(path, "rt") as f:
        next(f)
        rows = (line.rstrip("\n").split(",") for line in f)
        return [(calendar.timegm(time.strptime(at, "%Y-%m-%d %H:%M:%S")), float(value)) for at, value in rows]


def events(rows, count):
    """(capacity, begins, rows from three days before to six hours after the peak) of the largest days."""
    days = {}
    for at, value in rows:
        if at - rows[0][0] >= HISTORY_DAYS * DAY_S and value > days.get(at // DAY_S, (0, 0))[0]:
            days[at // DAY_S] = (value, at)
    for peak, peaked in sorted(days.values(), reverse=True)[:count]:
        capacity = 0.8 * peak
        full = min(at for at, value in rows if value >= capacity and at > peaked - DAY_S / 2)
        calm = [at for at, value in rows if at < full and value <= capacity / 2]
        yield peak, capacity, calm[-1], [(at, value) for at, value in rows
                                         if calm[-1] - HISTORY_DAYS * DAY_S <= at <= peaked + DAY_S / 4]


def lead(peak, capacity, begins, rows, kind):
    """Minutes from the first page to the full pool; None: nobody was paged before it."""
    says = {"right": str(peak), "half": str(peak / 2)}.get(kind, kind)
    text = "timestamp,value\n" + "".join(f"{at},{value}\n" for at, value in rows)
    done = subprocess.run([os.path.join(BUILD, "tests/launch_replay"), str(capacity), str(begins), says], input=text,
                          capture_output=True, text=True, check=True)
    _, paged, _, full = done.stdout.split()
    return (int(full) - int(paged)) / 60 if int(paged) else None


def measure(folder):
    """[(trace, day, rise in minutes, {kind: lead})]"""
    found = []
    for title, name, count in TRACES:
        for peak, capacity, begins, rows in events(read(os.path.join(folder, "traces", name)), count):
            full = min(at for at, value in rows if value >= capacity and at > begins)
            leads = {kind: lead(peak, capacity, begins, rows, kind) for kind in KINDS}
            found.append((title, time.strftime("%d %b", time.gmtime(begins)), (full - begins) / 60, leads))
    return found


def shown(minutes):
    return "none" if minutes is None else f"{minutes:.0f}"


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(SHARED, "data")
    if not os.path.isdir(os.path.join(folder, "traces")):
        print(f"skipped: no traces in {folder}")
        return 77
    found = measure(folder)
    print("| crowd | from half full to full | not registered | nobody knows how many | half is expected | the peak is expected |")
    print("|---|---|---|---|---|---|")
    for title, day, rise, leads in found:
        print(f"| {title}, {day} | {rise:.0f} | " + " | ".join(shown(leads[kind]) for kind in KINDS) + " |")
    medians = [statistics.median(leads[kind] or 0 for *_, leads in found) for kind in KINDS]
    print("| median | | " + " | ".join(f"{m:.0f}" for m in medians) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
