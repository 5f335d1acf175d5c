# shellcheck shell=bash
# library tests under address and undefined-behaviour sanitizers
# default: yes

tier() {
    need build
    run_ctest asan 'unit'
}
