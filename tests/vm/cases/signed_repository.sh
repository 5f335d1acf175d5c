#!/bin/bash
# A signed repository, made with openssl and Python alone: what is published is applied, exchanged, taken back
# and stopped; and what somebody else does to it loads nothing and unloads nothing.
# timeout: 600
. /root/files/guest.sh

REPOSITORY=/srv/lp
WORK=$(mktemp -d)

cat >"$WORK/publish.py" <<'END'
"""publish.py DIRECTORY STATE ENTRIES [BRAKES [rotate]]: the next version of a repository, timestamp.json last."""
import hashlib, json, os, pathlib, subprocess, sys

directory, work = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
entries, brakes = json.loads(sys.argv[3]), json.loads(sys.argv[4]) if len(sys.argv) > 4 else []
release = os.uname().release
state_file = work / "state.json"
state = json.loads(state_file.read_text()) if state_file.exists() else {"version": 0, "root": 0, "generation": 0}


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def key(role, generation):
    path = work / f"{role}.{generation}.pem"
    if not path.exists():
        run("openssl", "genpkey", "-algorithm", "ed25519", "-out", path)
    return path


def key_object(path):
    public = run("openssl", "pkey", "-in", path, "-pubout", "-outform", "DER")[-32:].hex()
    return {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public}}


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def key_id(path):
    return hashlib.sha256(canonical(key_object(path))).hexdigest()


def signed(content, *keys):
    (work / "message").write_bytes(canonical(content))
    signatures = [{"keyid": key_id(one), "sig": run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", one, "-in",
                                                    work / "message").hex()} for one in keys]
    return canonical({"signed": content, "signatures": signatures})


def content(role, version, **said):
    return {"_type": role, "spec_version": "1.0.34", "version": version, "expires": "2099-01-01T00:00:00Z", **said}


def described(data):
    return {"length": len(data), "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}


def put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name("." + path.name)
    new.write_bytes(data)
    new.rename(path)


def target(targets, path, data):
    targets[path] = described(data)
    name = pathlib.PurePath(path)
    put(directory / "targets" / name.parent / f"{targets[path]['hashes']['sha256']}.{name.name}", data)


def root():
    state["root"] += 1
    generation = state["generation"]
    names = {"root": "root", "targets": "targets", "snapshot": "online", "timestamp": "online"}
    paths = {role: key(name, generation) for role, name in names.items()}
    said = content("root", state["root"], consistent_snapshot=True,
                   keys={key_id(path): key_object(path) for path in paths.values()},
                   roles={role: {"keyids": [key_id(path)], "threshold": 1} for role, path in paths.items()})
    signers = {key("root", max(generation - 1, 0)), key("root", generation)}
    put(directory / f"metadata/{state['root']}.root.json", signed(said, *sorted(signers)))


if state["root"] == 0 or sys.argv[-1] == "rotate":
    state["generation"] += 1
    root()
state["version"] += 1
version, generation = state["version"], state["generation"]

targets, patches = {}, []
for number, entry in enumerate(entries, 1):
    data = pathlib.Path(entry.pop("file")).read_bytes()
    path = f"modules/x86_64/{release}/{entry['id']}.ko"
    target(targets, path, data)
    patches.append({"version": number, "module": {"name": entry.pop("name"), "path": path, **described(data)}, **entry})
catalogue = {"schema": "livepatchd.catalog/1", "kernel": {"release": release, "arch": "x86_64"}, "patches": patches}
target(targets, f"catalog/x86_64/{release}.json", canonical(catalogue))
brake_targets, brake = {}, key("brake", generation)
target(brake_targets, "brake.json", canonical({"schema": "livepatchd.brake/1", "modules": brakes}))
meta = {}
for role, said, signer in (
        ("targets", {"targets": targets, "delegations": {"keys": {key_id(brake): key_object(brake)}, "roles": [
            {"name": "brake", "keyids": [key_id(brake)], "threshold": 1, "terminating": False,
             "paths": ["brake.json"]}]}}, key("targets", generation)),
        ("brake", {"targets": brake_targets}, brake)):
    data = signed(content("targets", version, **said), signer)
    put(directory / f"metadata/{version}.{role}.json", data)
    meta[f"{role}.json"] = {"version": version, **described(data)}
data = signed(content("snapshot", version, meta=meta), key("online", generation))
put(directory / f"metadata/{version}.snapshot.json", data)
said = content("timestamp", version, meta={"snapshot.json": {"version": version, **described(data)}})
put(directory / "metadata/timestamp.json", signed(said, key("online", generation)))
state_file.write_text(json.dumps(state))
END

entry() { # ID NAME [MORE JSON]
    jq -cn --arg id "$1" --arg name "$2" --arg file "$MODULES/$2.ko" --argjson more "${3:-{\}}" \
        '{id: $id, name: $name, file: $file} + $more'
}
publish() { # ENTRIES [BRAKES [rotate]], the entries as lines
    local entries
    entries=$(jq -cs . <<<"$1")
    shift
    python3 "$WORK/publish.py" "$REPOSITORY" "$WORK" "$entries" "$@"
}

first=$(entry LP-1 lp_cumulative)
publish "$first"
root=$REPOSITORY/metadata/1.root.json
check_status "a root is believed by its fingerprint, and no other" 6 lpctl trust add corp "file://$REPOSITORY" \
    --root "$root" --fingerprint "$(module_digest lp_version)"
check_status "nobody is there to be asked" 2 lpctl trust add corp "file://$REPOSITORY" --root "$root" </dev/null
check "it is pinned" lpctl trust add corp "file://$REPOSITORY" --root "$root" \
    --fingerprint "$(sha256sum "$root" | cut -d' ' -f1)"
check_contains "and listed" corp "$(lpctl trust list)"
wait_for "what is published is applied" patch_enabled lp_cumulative
check "and runs" proc_patched_by cmdline lp_cumulative
check_equal "from the repository" corp "$(daemon_field lp_cumulative source)"

second=$(entry LP-2 lp_cumulative_2 '{"severity": "important", "vulnerabilities": [{"id": "CVE-2026-1"}]}')
publish "$first"$'\n'"$second" '[]' rotate
wait_for "new keys and a new version are taken up" patch_enabled lp_cumulative_2
check "and run" proc_patched_by cmdline lp_cumulative_2
wait_for "in the place of the old one" module_absent lp_cumulative
check_equal "which is told" replaced "$(daemon_field lp_cumulative disposition)"
check_contains "with what it mends" CVE-2026-1 "$(lpctl show LP-2)"

later=$(entry LP-3 lp_meminfo '{"replace": false, "rollout": {"rings": {"default": [{"at": "2098-01-01T00:00:00Z", "percent": 100}]}}}')
publish "$first"$'\n'"$second"$'\n'"$later"
wait_for "a patch that is not for this host yet is known" daemon_judges lp_meminfo scheduled
check_contains "and why it waits" "rollout: at 0 %" "$(lpctl list)"
check "it is not there" patch_absent lp_meminfo

third=$(entry LP-3 lp_meminfo '{"replace": false}')
publish "$first"$'\n'"$second"$'\n'"$third" "[{\"sha256\": \"$(module_digest lp_meminfo)\", \"reason\": \"it hurts\"}]"
wait_for "the brake stops it" daemon_judges lp_meminfo withdrawn
check_status "also for whoever asks for it" 6 lpctl apply LP-3
publish "$first"$'\n'"$second"$'\n'"$third"
wait_for "until it is let go" patch_enabled lp_meminfo

taken=$(entry LP-3 lp_meminfo '{"replace": false, "withdrawn": {"reason": "it hurts", "action": "revert"}}')
publish "$first"$'\n'"$second"$'\n'"$taken"
wait_for "what was taken back is known" flagged lp_meminfo withdrawn
check "and stays, unless the host lets others decide" patch_enabled lp_meminfo
mkdir -p /etc/livepatchd/conf.d
printf '[security]\nallow_remote_revert = true\n' >/etc/livepatchd/conf.d/remote.toml
systemctl reload livepatchd.service
wait_for "then it is taken out" module_absent lp_meminfo
check "and the others stay" proc_patched_by cmdline lp_cumulative_2

# --- somebody else's doing ------------------------------------------------------------------------------------

fourth=$(entry LP-4 lp_version '{"replace": false}')
blocked() { # WHAT CODE STATUS
    wait_for "$1: it is said" health_says "$2"
    check_status "$1: nothing new is applied" "$3" lpctl apply LP-4
    check "$1: nothing is loaded" patch_absent lp_version
    check "$1: what is loaded stays" proc_patched_by cmdline lp_cumulative_2
    check "$1: the journal knows" grep -q "${4:-.}" <(journalctl -u livepatchd.service -o cat)
}
lpctl pause >/dev/null
publish "$first"$'\n'"$second"$'\n'"$fourth"
old=$(base64 -w0 "$REPOSITORY/metadata/timestamp.json")
lpctl refresh >/dev/null
publish "$first"$'\n'"$second"$'\n'"$fourth"
lpctl refresh >/dev/null
cp "$REPOSITORY/metadata/timestamp.json" "$WORK/newest"
base64 -d <<<"$old" >"$REPOSITORY/metadata/timestamp.json"
wait_for "an old timestamp is noticed" health_says source-rolled-back
rm -rf "$WORK/aside"
cp -a "$REPOSITORY" "$WORK/aside"
lpctl resume >/dev/null
blocked "an old timestamp" source-rolled-back 6 "went back"
cp "$WORK/newest" "$REPOSITORY/metadata/timestamp.json"
wait_for "the true one is taken up" patch_enabled lp_version
lpctl revert lp_version >/dev/null

# The module of what was reverted, swapped: asked for by name, it is read anew.
module=$(find "$REPOSITORY/targets/modules" -name '*.LP-4.ko')
cat "$MODULES/lp_cmdline.ko" >"$module"
check_status "a module that was swapped is refused" 6 lpctl apply LP-4
check "and not loaded" patch_absent lp_version

# The module stays swapped: a daemon that reads a good one in between applies what it was asked for.
version=$(jq .signed.version "$REPOSITORY/metadata/timestamp.json")
cp "$REPOSITORY/metadata/$((version - 1)).snapshot.json" "$REPOSITORY/metadata/$version.snapshot.json"
rm /var/lib/livepatchd/trust/corp/metadata/snapshot.json
cp "$WORK/newest" "$REPOSITORY/metadata/timestamp.json"
mixed_is_said() { lpctl status --json | jq -e '.health_reasons | any(contains("snapshot.json"))'; }
wait_for "snapshots that are mixed are noticed" mixed_is_said
check_status "nothing new is applied" 6 lpctl apply LP-4
check "what is loaded stays" proc_patched_by cmdline lp_cumulative_2

rm -rf "$REPOSITORY"
lpctl refresh >/dev/null
blocked "a repository that is gone" source-unreachable 1 "cannot open"
rm -rf /srv/lp "$WORK" /etc/livepatchd/conf.d/remote.toml
