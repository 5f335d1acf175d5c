# shellcheck shell=bash
# unit and bus tests under the thread sanitizer, but those that weigh the daemon
# default: no

tier() {
    need build bus
    run_ctest tsan '(unit|bus)'
}
