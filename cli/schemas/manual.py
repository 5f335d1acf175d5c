#!/usr/bin/python3
"""Prints lpctl-json(5): usage: manual.py DIRECTORY, where the schemas are."""
import json
import pathlib
import sys

# What answers in each form.
FORMS = {
    "status": ("status",),
    "list": ("list",),
    "list-kernel": ("list --kernel",),
    "show": ("show",),
    "blockers": ("blockers",),
    "check": ("check",),
    "history": ("history",),
    "monitor": ("monitor",),
    "changes": ("apply", "revert", "hold", "unhold"),
    "refresh": ("refresh",),
    "pause": ("pause", "resume"),
    "trust-add": ("trust add",),
    "trust-list": ("trust list",),
    "trust-reset": ("trust reset",),
    "version": ("version",),
    "error": ("any verb that fails",),
}

PROLOGUE = r""".\" Made from the schemas: change those.
.Dd November 26, 2026
.Dt LPCTL-JSON 5
.Os
.Sh NAME
.Nm lpctl-json
.Nd what lpctl prints with --json
.Sh DESCRIPTION
With
.Fl -json
each verb of
.Xr lpctl 1
prints one object on standard output;
.Cm monitor
prints one on each line.
The exit status is the same with and without it.
The schemas (JSON Schema 2020-12) are in
.Pa /usr/share/livepatchd/schemas .
"""

EPILOGUE = r""".Sh FILES
.Bl -tag -width Ds
.It Pa /run/livepatchd/status.json
The answer of
.Cm status ,
as the daemon wrote it last.
.It Pa /usr/share/livepatchd/schemas/lpctl-*.json
.El
.Sh SEE ALSO
.Xr jq 1 ,
.Xr lpctl 1 ,
.Xr livepatchd 8
"""


def escaped(text):
    text = text.replace("\\", r"\e")
    return r"\&" + text if text[:1] in (".", "'") else text


def target(reference):
    return reference.rsplit("/", 1)[1]


def word(value):
    return json.dumps(value).replace('"', "")


def kind_of(schema):
    """Of a schema without references, in words."""
    if "const" in schema:
        return word(schema["const"])
    if "enum" in schema:
        return ", ".join(word(value) if value != "" else '""' for value in schema["enum"])
    if schema.get("format") == "date-time":
        return "time" if schema["type"] == "string" else "time or null"
    kind = schema["type"]
    return " or ".join(kind) if isinstance(kind, list) else kind


class Manual:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.common = self.schema("common")

    def schema(self, name):
        return json.loads((self.directory / f"lpctl-{name}.json").read_text(encoding="utf-8"))

    def shared(self, schema):
        return self.common["$defs"][target(schema["$ref"])]

    def described(self, schema):
        if "description" in schema or "$ref" not in schema:
            return schema.get("description", "")
        return self.shared(schema).get("description", "")

    def type_of(self, schema):
        if "oneOf" in schema:
            return " or ".join(self.type_of(choice) for choice in schema["oneOf"])
        if schema.get("type") == "array":
            return "array of " + self.type_of(schema["items"])
        if "$ref" not in schema:
            return kind_of(schema)
        # What has fields has a section of its own.
        return target(schema["$ref"]) if "properties" in self.shared(schema) else kind_of(self.shared(schema))

    def fields(self, schema):
        print(".Bl -tag -width Ds")
        for name, field in schema["properties"].items():
            print(f".It Va {name} : No {self.type_of(field)}")
            print(escaped(self.described(field)) + ".")
            inner = field.get("items", field)
            if "properties" in inner:
                self.fields(inner)
        print(".El")

    def form(self, name, verbs):
        schema = self.schema(name)
        print(f".Ss {', '.join(verbs)}")
        print(escaped(schema["description"]) + ".")
        if "properties" in schema:
            self.fields(schema)
            return
        for choice in schema["oneOf"]:
            also = "".join(f", with the fields of {target(part['$ref'])}" for part in choice.get("allOf", []))
            print(f".Pp\n{escaped(choice['description'])}{also}.")
            self.fields(choice)

    def print(self):
        print(PROLOGUE, end="")
        print(escaped(self.common["description"]).replace(". ", ".\n"))
        print(".Sh ANSWERS")
        for name, verbs in FORMS.items():
            self.form(name, verbs)
        print(".Sh WHAT THEY SHARE")
        for name, schema in self.common["$defs"].items():
            if "properties" in schema:
                print(f".Ss {name}\n{escaped(schema['description'])}.")
                self.fields(schema)
        print(EPILOGUE, end="")


Manual(sys.argv[1]).print()
