#!/usr/bin/env python3
"""junit.py REPORT RESULTS: show ctest's report, one line a test, and what failing tests printed."""
import sys
import xml.etree.ElementTree

report, results = sys.argv[1:]
with open(results, "a", encoding="utf-8") as counts:
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        name, seconds, status = case.get("name"), float(case.get("time") or 0), case.get("status")
        passed = status == "run" and case.find("failure") is None and case.find("skipped") is None
        counts.write(f"{'pass' if passed else 'fail'} {name}\n")
        if passed:
            print(f"ok      {name} ({seconds:.2f} s)")
            continue
        reason = "" if status == "fail" else f" ({status})"
        print(f"FAILED  {name} ({seconds:.2f} s){reason}")
        for line in (case.findtext("system-out") or "").splitlines():
            print(f"    {line}")
