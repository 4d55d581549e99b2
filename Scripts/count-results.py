#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts test cases in JUnit files and prints `passed failed skipped`; with --failed, the failed ones and why, a line each;
with --details, all that they left behind.

A file that is missing, unreadable or without any test case counts as one failure: a runner that died before it
wrote its report has not passed. Swift Testing leaves skipped tests out of its `tests` attribute, so cases are counted.
"""

import sys
import xml.etree.ElementTree

# Of one text: how much of it is shown, in characters.
MOST = 40_000


def count(path):
    try:
        cases = list(xml.etree.ElementTree.parse(path).iter("testcase"))
    except (OSError, xml.etree.ElementTree.ParseError):
        return 0, 1, 0
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    return (len(cases) - failed - skipped, failed, skipped) if cases else (0, 1, 0)


def details(path):
    try:
        cases = list(xml.etree.ElementTree.parse(path).iter("testcase"))
    except (OSError, xml.etree.ElementTree.ParseError):
        return
    for case in cases:
        found = [*case.findall("failure"), *case.findall("error")]
        if found:
            yield f"==== {case.get('classname')}.{case.get('name')}, after {case.get('time')} s"
            for part in [*found, *case.findall("system-out"), *case.findall("system-err")]:
                text = (part.text or part.get("message") or "").strip("\n")
                yield text if len(text) <= MOST else f"{text[:MOST // 2]}\n[…]\n{text[-MOST // 2:]}"


def failures(path):
    try:
        cases = list(xml.etree.ElementTree.parse(path).iter("testcase"))
    except (OSError, xml.etree.ElementTree.ParseError) as error:
        yield f"{path}: {error}"
        return
    for case in cases:
        for found in [*case.findall("failure"), *case.findall("error")][:1]:
            why = (found.get("message") or found.text or "").strip().splitlines()
            yield f"{case.get('classname')}.{case.get('name')}: {(why or ['no message'])[0][:300]}"


if sys.argv[1:2] == ["--details"]:
    print(*(line for path in sys.argv[2:] for line in details(path)), sep="\n")
elif sys.argv[1:2] == ["--failed"]:
    print(*(line for path in sys.argv[2:] for line in list(failures(path))[:20]), sep="\n")
else:
    print(*map(sum, zip(*map(count, sys.argv[1:]))))
