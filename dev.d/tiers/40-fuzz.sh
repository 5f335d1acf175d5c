# shellcheck shell=bash
# replays the fuzzers' corpora under sanitizers
# default: yes

tier() {
    need build
    run_ctest asan 'fuzz'
}
