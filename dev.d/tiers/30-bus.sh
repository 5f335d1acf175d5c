# shellcheck shell=bash
# the real daemon on a private bus, an emulated kernel, sanitizers
# default: yes

tier() {
    need build bus
    run_ctest asan 'bus(-weight)?'
}
