#!/bin/bash
# openssl_repository.sh DIRECTORY FILE: a signed repository with one target, made with openssl and jq
# alone, as somebody does who keeps the keys where no program of ours comes: a root of two keys of
# three, the other roles of one each.
set -euo pipefail

directory=$1
file=$2
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
mkdir -p "$directory/metadata" "$directory/targets"
cd "$directory"

hex() { basenc --base16 --wrap=0 | tr A-F a-f; }
sha256() { openssl dgst -sha256 -binary "$1" | hex; }

# key_object NAME: as metadata lists it; the id is the hash of that.
key_object() {
    local public
    public=$(openssl pkey -in "$keys/$1.pem" -pubout -outform DER | tail -c 32 | hex)
    jq -cnS --arg public "$public" '{keytype: "ed25519", scheme: "ed25519", keyval: {public: $public}}'
}
key_id() { printf %s "$(key_object "$1")" | openssl dgst -sha256 -binary | hex; }

# sign FILE KEY...: what is on standard input, in canonical form, signed.
sign() {
    local out=$1 key signatures=() canonical=$keys/canonical
    shift
    jq -cjS . >"$canonical"
    for key; do
        openssl pkeyutl -sign -rawin -inkey "$keys/$key.pem" -in "$canonical" -out "$keys/signature"
        signatures+=("$(jq -cn --arg id "$(key_id "$key")" --arg sig "$(hex <"$keys/signature")" \
            '{keyid: $id, sig: $sig}')")
    done
    jq -c --argjson signatures "[$(IFS=, && printf %s "${signatures[*]}")]" \
        '{signatures: $signatures, signed: .}' "$canonical" >"$out"
}

# content TYPE JSON: what is special about a role, with what all have.
content() {
    jq -c --arg type "$1" \
        '{_type: $type, spec_version: "1.0.34", version: 1, expires: "2099-01-01T00:00:00Z"} + .' <<<"$2"
}

# described FILE: length and hash of it.
described() {
    jq -cn --argjson length "$(stat -c %s "$1")" --arg hash "$(sha256 "$1")" \
        '{length: $length, hashes: {sha256: $hash}}'
}

for key in root1 root2 root3 targets online; do
    openssl genpkey -algorithm ed25519 -out "$keys/$key.pem"
done

roles='{}'
all='{}'
for role in root:2:root1:root2:root3 targets:1:targets snapshot:1:online timestamp:1:online; do
    IFS=: read -r -a parts <<<"$role"
    ids='[]'
    for key in "${parts[@]:2}"; do
        ids=$(jq -c --arg id "$(key_id "$key")" '. + [$id]' <<<"$ids")
        all=$(jq -c --arg id "$(key_id "$key")" --argjson key "$(key_object "$key")" '.[$id] = $key' <<<"$all")
    done
    roles=$(jq -c --arg role "${parts[0]}" --argjson threshold "${parts[1]}" --argjson ids "$ids" \
        '.[$role] = {keyids: $ids, threshold: $threshold}' <<<"$roles")
done
content root "{\"consistent_snapshot\": true, \"keys\": $all, \"roles\": $roles}" |
    sign metadata/1.root.json root1 root3

name=$(basename "$file")
cp "$file" "targets/$(sha256 "$file").$name"
content targets "{\"targets\": {\"$name\": $(described "$file")}}" | sign metadata/1.targets.json targets
content snapshot "{\"meta\": {\"targets.json\": $(described metadata/1.targets.json | jq -c '. + {version: 1}')}}" |
    sign metadata/1.snapshot.json online
content timestamp "{\"meta\": {\"snapshot.json\": $(described metadata/1.snapshot.json | jq -c '. + {version: 1}')}}" |
    sign metadata/timestamp.json online
