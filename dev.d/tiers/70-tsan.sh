# shellcheck shell=bash
# bus) no|unit and bus tests under the thread sanitizer
# default: 

tier() {
    need build bus
    run_ctest tsan '(unit'
}
