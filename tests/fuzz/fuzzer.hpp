// What every fuzzer defines, and how it says that something is wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

// libFuzzer looks for this name.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size); // NOLINT

namespace livepatch::fuzz {

// Also in a release build: what does not hold for every input is found like a crash.
inline void must_hold(bool good, char const* what) {
    if (good)
        return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

} // namespace livepatch::fuzz
