# shellcheck shell=bash
# unit and bus tests under the thread sanitizer
# default: no

tier() {
    need build bus
    run_ctest tsan '(unit|bus)'
}
