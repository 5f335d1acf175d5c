# shellcheck shell=bash
# clang compiles everything, and clang-tidy has nothing to say
# default: no

tier() { check_that clang-tidy "$ROOT/dev" build tidy; }
