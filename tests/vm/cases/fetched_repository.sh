#!/bin/bash
# A repository made by lprepo, on a web server, fetched by the unit as it is installed: what is published is applied,
# exchanged, taken back and stopped; and what a hostile server does loads nothing and unloads nothing.
# timeout: 900
. /root/files/guest.sh

REPOSITORY=/srv/lp
WORK=$(mktemp -d)
MIRROR=/var/lib/livepatchd/mirror/corp
# Here it is fetched when the case says so.
systemctl stop livepatch-fetch.timer

# --- the publisher's side -------------------------------------------------------------------------------------

cat >"$WORK/server.py" <<'END_OF_SERVER'
"""server.py PORT WORK: serves WORK/served; WORK/mode has a line "WORD PART": what is done to paths with PART."""
import http.server, pathlib, sys, time

work = pathlib.Path(sys.argv[2])


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments):
        super().__init__(*arguments, directory=str((work / "served").resolve()))

    def do_GET(self):
        mode, part = (work / "mode").read_text().split()
        with (work / "requests").open("a") as log:
            log.write(self.path + "\n")
        if part in self.path and mode != "normal":
            self.close_connection = True
            getattr(self, mode)()
        else:
            super().do_GET()

    def begin(self, status, *headers):
        self.send_response(status)
        for name, value in (*headers, ("Connection", "close")):
            self.send_header(name, value)
        self.end_headers()

    def endless(self):
        self.begin(200)
        while True:
            self.wfile.write(b"x" * 65536)

    def slow(self):
        self.begin(200)
        while True:
            self.wfile.write(b"x")
            time.sleep(0.5)

    def redirect(self):
        self.begin(302, ("Location", "file:///etc/passwd"), ("Content-Length", "0"))

    def gone(self):
        self.send_error(404)

    def busy(self):
        self.begin(503, ("Retry-After", "3600"), ("Content-Length", "0"))


http.server.ThreadingHTTPServer.daemon_threads = True
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
END_OF_SERVER
server_does() { echo "$1 ${2:-/}" >"$WORK/mode"; }
serve() { ln -sfn "$1" "$WORK/served"; }
add() { # ID NAME [OPTION]...
    lprepo add "$REPOSITORY" "$MODULES/$2.ko" --id "$1" --severity important "${@:3}" >/dev/null
}
publish() { lprepo publish "$REPOSITORY" >/dev/null; }

# --- this host's ---------------------------------------------------------------------------------------------

# fetch_ends_with STATUS: as the timer does it.
fetch_ends_with() {
    systemctl start livepatch-fetch.service || true
    [[ $(systemctl show -p ExecMainStatus --value livepatch-fetch.service) == "$1" ]]
}
fetched() { fetch_ends_with 0; }
fetch_says() { journalctl -u livepatch-fetch.service -o cat --since "$1" | grep -qF -- "$2"; }
in_mirror() { [[ -n $(find "$MIRROR/targets" -name "*.$1.ko") ]]; }

lprepo init "$REPOSITORY" --no-passphrase >/dev/null
add LP-1 lp_cumulative --cve CVE-2026-1
publish
server_does normal
serve "$REPOSITORY"
python3 "$WORK/server.py" 8080 "$WORK" 2>/dev/null &
server=$!
trap 'kill $server' EXIT
wait_for "a server" bash -c "</dev/tcp/127.0.0.1/8080"

cp "$REPOSITORY/metadata/1.root.json" /etc/livepatchd/trust/corp.root.json
cat >/etc/livepatchd/repos.d/corp.toml <<'END'
url = "http://127.0.0.1:8080"
root = "/etc/livepatchd/trust/corp.root.json"
allow_http = true
END
systemctl reload livepatchd.service
wait_for "what is not fetched yet is told" health_says source-unreachable

check "the unit fetches it" fetched
wait_for "what is published is applied" patch_enabled lp_cumulative
check "and runs" proc_patched_by cmdline lp_cumulative
check_equal "from the repository" corp "$(daemon_field lp_cumulative source)"
check_equal "by its own user" livepatch "$(stat -c %U "$MIRROR/metadata/timestamp.json")"
check "who can write there" runuser -u livepatch -- test -w "$MIRROR"
check_equal "and read nothing else of the daemon's" "" \
    "$(runuser -u livepatch -- find /var/lib/livepatchd/state.json /var/lib/livepatchd/history.db \
        /var/lib/livepatchd/modules /var/lib/livepatchd/trust -readable)"
said=$(systemd-analyze security --no-pager livepatch-fetch.service | tail -n 1)
echo "figure: ${said#→ }"
check "exposure at most 2.0" systemd-analyze security --no-pager --threshold=20 livepatch-fetch.service
check "a timer does it by itself" systemctl is-enabled livepatch-fetch.timer
check "and so does who asks" systemctl is-enabled livepatch-fetch.path

rm "$WORK/requests"
check "nothing new" fetched
check_equal "is two requests" 2 "$(wc -l <"$WORK/requests")"

# Root by hand; what he fetches is the user's, too.
rm -rf "$MIRROR"
check "by hand" /usr/libexec/livepatchd/livepatch-fetch --source corp
check_equal "is the same" livepatch "$(stat -c %U "$MIRROR/metadata/timestamp.json")"

# --- its life -------------------------------------------------------------------------------------------------

for role in online targets; do lprepo rotate "$REPOSITORY" "$role" --no-passphrase >/dev/null; done
add LP-2 lp_cumulative_2
publish
check "new keys and a new version are fetched" fetched
wait_for "and taken up" patch_enabled lp_cumulative_2
check "which runs" proc_patched_by cmdline lp_cumulative_2
wait_for "in the place of the old one" module_absent lp_cumulative
check_not "which is not mirrored any more" in_mirror LP-1

add LP-3 lp_meminfo --rollout default=1000d:100
publish
check "a patch that is not for this host yet" fetched
wait_for "is known" daemon_judges lp_meminfo scheduled
check_not "and not fetched" in_mirror LP-3
lprepo rollout "$REPOSITORY" LP-3 default=0h:100 >/dev/null
publish
check "its turn" fetched
wait_for "is taken" patch_enabled lp_meminfo

lprepo withdraw "$REPOSITORY" LP-3 --reason "it hurts" --action revert >/dev/null
publish
check "what is taken back" fetched
wait_for "is known" flagged lp_meminfo withdrawn
check "and stays, unless the host lets others decide" patch_enabled lp_meminfo
check_not "but not in the mirror" in_mirror LP-3

add LP-4 lp_version
publish
lprepo brake "$REPOSITORY" LP-4 --reason "stop" >/dev/null
check "a patch that is stopped before this host has it" fetched
wait_for "is known as such" daemon_judges lp_version withdrawn
check "and not loaded" patch_absent lp_version
check_not "nor fetched" in_mirror LP-4
lprepo brake "$REPOSITORY" LP-4 --undo >/dev/null
systemctl start livepatch-fetch.path
check "an administrator asks for what is new" lpctl refresh
wait_for "what was let go is fetched and applied" patch_enabled lp_version
check_not "the request was taken" test -e /run/livepatchd/fetch-wanted
check "and taken again, if need be after the run that goes on" lpctl refresh
unit_is() { [[ $(systemctl show -p ActiveState --value "$1") == "$2" ]]; }
wait_for "all is done" eval '[[ ! -e /run/livepatchd/fetch-wanted ]] && unit_is livepatch-fetch.service inactive'
systemctl stop livepatch-fetch.path

# --- a kernel that may be booted next -------------------------------------------------------------------------

next=$(modinfo -F vermagic "$MODULES/wrong-release/lp_meminfo.ko" | cut -d' ' -f1)
mkdir "/lib/modules/$next"
add LP-6 wrong-release/lp_meminfo
publish
check "a patch for another installed kernel" fetched
check "is here" in_mirror LP-6
is_ready() { lpctl list --kernel "$1" --json | jq -e '.patches[0] | .id == "LP-6" and .ready' >/dev/null; }
wait_for "and verified ahead" is_ready "$next"
check "which a person sees" grep -q "^lp_meminfo *yes" <(lpctl list --kernel "$next")
check_equal "and no other kernel has it" LP-3 "$(daemon_field lp_meminfo id)"
check_equal "an unknown kernel is told" 3 "$(lpctl list --kernel 1.2.3 >/dev/null 2>&1; echo $?)"
rmdir "/lib/modules/$next"
check "a kernel that is removed" fetched
check_not "takes its patches along" in_mirror LP-6

# --- hostile servers ------------------------------------------------------------------------------------------

cp -a "$REPOSITORY" "$WORK/old"
add LP-5 lp_slow
publish
cp -a "$REPOSITORY" "$WORK/newer"
# attacked WHAT STATUS WORDS: how the unit ends, and what it says.
attacked() {
    local since
    since=$(date '+%Y-%m-%d %H:%M:%S')
    check "$1: status $2" fetch_ends_with "$2"
    wait_for "$1: it is said" fetch_says "$since" "$3"
    check "$1: nothing is loaded" patch_absent lp_slow
    check "$1: what is loaded stays" proc_patched_by cmdline lp_cumulative_2
    check "$1: all of it" patch_enabled lp_version
}

server_does endless timestamp.json
attacked "endless data" 1 "longer than"
server_does redirect timestamp.json
attacked "another scheme" 1 "redirections are not followed"
server_does slow timestamp.json
attacked "slow data" 1 "too slow"
serve "$WORK/newer"
server_does gone snapshot.json
attacked "a file that is not there" 6 "is not there, though the signed metadata names it"
server_does normal

version=$(jq .signed.version "$WORK/newer/metadata/timestamp.json")
cp -a "$WORK/newer" "$WORK/mixed"
cp "$WORK/newer/metadata/$((version - 1)).snapshot.json" "$WORK/mixed/metadata/$version.snapshot.json"
serve "$WORK/mixed"
attacked "mixed snapshots" 6 "$version.snapshot.json"

serve "$WORK/newer"
module=$(find "$WORK/newer/targets" -name '*.LP-5.ko')
cp "$module" "$WORK/module"
printf x | dd of="$module" bs=1 seek=1000 conv=notrunc status=none
attacked "a swapped module" 6 "its hash is not the signed one"
wait_for "which the daemon misses" health_says source-incomplete
serve "$WORK/old"
attacked "an old timestamp" 6 "went back"
cp "$WORK/module" "$module"
serve "$WORK/newer"
server_does busy timestamp.json
attacked "a server that wants to be left alone" 1 "HTTP status 503"
server_does normal
rm "$WORK/requests"
attacked "and is" 1 "wants to be left alone until"
check "nobody asked it" test ! -e "$WORK/requests"

rm "$MIRROR/.fetch/servers.json"
check "the true one" fetched
wait_for "is taken up" patch_enabled lp_slow
check_not "and nothing is missed" health_says source-incomplete

rm /etc/livepatchd/repos.d/corp.toml
check "what is no source any more" fetched
check "has no mirror" test ! -e "$MIRROR"
check "and what is loaded stays" patch_enabled lp_slow
rm -rf "$REPOSITORY" "$REPOSITORY.keys" "$WORK"
