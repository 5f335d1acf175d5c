# shellcheck shell=bash
# ./dev format: clang-format all of our C++. Test modules are kernel C and follow the kernel's style.
need format
cd "$ROOT" || exit
tree_files '*.cpp' '*.hpp' '*.h' ':!tests/vm/modules' | xargs -0 --no-run-if-empty clang-format -i
