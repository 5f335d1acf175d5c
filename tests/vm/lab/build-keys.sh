#!/bin/bash
# build-keys.sh OUT: two keys made on this machine for signing test modules: `trusted`, whose
# certificate tests hand to livepatchd, and `unknown`, whose certificate they keep back.
set -euo pipefail
out=$1
for name in trusted unknown; do
    openssl req -x509 -newkey rsa:3072 -nodes -sha256 -days 36500 -subj "/CN=livepatchd test key ($name)" \
        -addext basicConstraints=critical,CA:FALSE -addext keyUsage=digitalSignature \
        -addext extendedKeyUsage=codeSigning -keyout "$out/$name.key" -out "$out/$name.pem" 2>"$out/log" ||
        { cat "$out/log" >&2 && exit 1; }
done
rm "$out/log"
