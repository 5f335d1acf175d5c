#!/usr/bin/python3
"""Prints org.livepatchd1(7): usage: manual.py INTERFACE.xml...

What is written in the interfaces' comments is the documentation; a comment stands before what it
is about, the first one of a file before its interface."""
import itertools
import re
import sys
import textwrap
import xml.etree.ElementTree as ET

PROLOGUE = r""".\" Made from the interfaces' descriptions: change those.
.Dd November 26, 2026
.Dt ORG.LIVEPATCHD1 7
.Os
.Sh NAME
.Nm org.livepatchd1
.Nd D-Bus interface of the livepatch manager
.Sh DESCRIPTION
.Xr livepatchd 8
has the name
.Sy org.livepatchd1
on the system bus.
At
.Pa /org/livepatchd1
are the manager, an
.Sy org.freedesktop.DBus.ObjectManager
and
.Sy org.freedesktop.LogControl1 ;
each livepatch is an object below it.
Reading is free for everybody, within limits; what changes something asks polkit.
"""

ERRORS = [
    ("InvalidArgument", "the call makes no sense as it is"),
    ("NotFound", "no patch of that name or id is loaded or offered"),
    ("Held, Paused", "not now: an administrator's word, or a kill switch, stands against it"),
    ("NotAuthorized", "polkit did not allow it"),
    ("VerificationFailed, WrongKernel, Conflict, Expired, Quarantined, Withdrawn", "refused for good reason"),
    ("Stalled", "the transition does not end; it goes on"),
    ("Unsupported", "this kernel cannot do it"),
    ("LoadFailed", "the kernel refused the module"),
    ("Busy, LimitsExceeded", "too much at once: try again later"),
    ("Failed", "anything else"),
]

EPILOGUE = r""".Sh SEE ALSO
.Xr busctl 1 ,
.Xr lpctl 1 ,
.Xr livepatchd 8
"""


def escaped(text):
    text = text.replace("\\", r"\e")
    return r"\&" + text if text[:1] in (".", "'") else text


def lines_of(comment):
    """Without the indentation of the comment: its text begins in column 9, or below its opening."""
    first, _, rest = comment.partition("\n")
    if not first.strip():
        return textwrap.dedent(rest).splitlines()
    return [first.strip()] + [line[9:] if not line[:9].strip() else line for line in rest.splitlines()]


def sentences(paragraph):
    """Each on a line of its own, as mdoc(7) wants it."""
    return [escaped(sentence) for sentence in re.split(r"(?<=[.!?]) +(?=[A-Z])", " ".join(paragraph))]


def prose(comment):
    """Paragraphs flow; what is indented stays as it is."""
    printed, paragraph = [], []

    def flow():
        if paragraph:
            printed.extend(sentences(paragraph))
            paragraph.clear()

    for literal, group in itertools.groupby(lines_of(comment), lambda line: line.startswith("  ")):
        lines = [line.rstrip() for line in group]
        if literal:
            flow()
            printed.extend([".Bd -literal -offset indent", *(escaped(line[2:]) for line in lines), ".Ed"])
            continue
        for line in lines:
            if line:
                paragraph.append(line)
            else:
                flow()
                printed.append(".Pp")
        flow()
    # A display begins and ends a paragraph by itself.
    while printed and printed[-1] == ".Pp":
        printed.pop()
    return [line for line, before, after in zip(printed, [".Pp", *printed], [*printed[1:], ""])
            if line != ".Pp" or not (before in (".Pp", ".Ed") or after.startswith(".Bd"))]


def arguments(member, direction):
    found = [arg for arg in member.findall("arg") if arg.get("direction", "out") == direction]
    return ", ".join(f"{arg.get('type')} {arg.get('name')}" for arg in found)


def heading(member):
    name = member.get("name")
    if member.tag == "property":
        return f".It Sy {name} Pq {member.get('type')}"
    if member.tag == "signal":
        return f".It Sy {name} Ns Pq {arguments(member, 'out')}"
    answer = arguments(member, "out")
    return f".It Sy {name} Ns ({arguments(member, 'in')})" + (rf" \(-> {answer}" if answer else "")


def members(interface):
    """Each member with the comment before it."""
    comment = None
    for child in interface:
        if child.tag is ET.Comment:
            comment = child.text
        else:
            yield child, comment
            comment = None


def section(path):
    # The documentation of the interface stands before the root, where a parsed tree has no place.
    with open(path, encoding="utf-8") as file:
        text = file.read()
    about = re.search(r"<!--(.*?)-->", text, re.DOTALL).group(1)
    root = ET.fromstring(text, ET.XMLParser(target=ET.TreeBuilder(insert_comments=True)))
    interface = root.find("interface")
    print(f".Sh INTERFACE {interface.get('name').upper()}")
    print("\n".join(prose(about)))
    for tag, title in (("method", "Methods"), ("property", "Properties"), ("signal", "Signals")):
        found = [(member, comment) for member, comment in members(interface) if member.tag == tag]
        if not found:
            continue
        print(f".Ss {title}")
        print(".Bl -tag -width Ds")
        for member, comment in found:
            print(heading(member))
            if comment:
                print("\n".join(prose(comment)))
        print(".El")


def main():
    print(PROLOGUE, end="")
    for path in sys.argv[1:]:
        section(path)
    print(".Sh ERROR NAMES\nThey begin with\n.Sy org.livepatchd1.Error .\n.Bl -tag -width Ds")
    for name, meaning in ERRORS:
        print(f".It Sy {name}\n{meaning}")
    print(".El")
    print(EPILOGUE, end="")


main()
