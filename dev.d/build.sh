# shellcheck shell=bash
# ./dev build [PRESET [TARGET]...]: configure and compile into build/PRESET; everything unless told.
preset=${1:-dev}
targets=("${@:2}")
need build
case $preset in
tidy | fuzz | clang*) need clang ;;
esac
cd "$ROOT" || exit
# From the environment only: a build directory that is there keeps what it was made with.
export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
export CCACHE_DIR=${CCACHE_DIR:-$(cache_dir ccache)}
# What one clone has compiled serves the next one.
export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1
if [[ ! -f build/$preset/build.ninja ]]; then
    cmake --preset "$preset"
fi
cmake --build --preset "$preset" --parallel "$(nproc)" ${targets:+--target "${targets[@]}"}
