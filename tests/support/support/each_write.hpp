// What a program has written when it ends, the power fails or the disk is full at any of its
// writes.
#pragma once

#include "support/catch.hpp"
#include "support/faulty_disk.hpp"
#include "support/temporary_directory.hpp"

#include <cstddef>
#include <filesystem>

namespace livepatch::support {

// Runs `write` once to count its writes below `kept`, and once more for each of them, from the same
// state, with a fault there; then `check`. A case that calls it is run for each kind of fault.
template <class Write, class Check>
void at_each_write(std::filesystem::path const& kept, Write write, Check check) {
    using Fault = FaultyDisk::Fault;
    constexpr auto copying = std::filesystem::copy_options::recursive;
    auto const fault = GENERATE(Fault::stop, Fault::no_space, Fault::short_write);
    bool const power_cut = fault == Fault::stop && GENERATE(false, true);
    TemporaryDirectory const saved;
    std::filesystem::copy(kept, saved.path(), copying);
    std::size_t last = 0;
    {
        FaultyDisk const disk(kept);
        write();
        last = disk.calls();
    }
    REQUIRE(last >= 2);
    for (std::size_t at = 1; at <= last; ++at) {
        std::filesystem::remove_all(kept);
        std::filesystem::copy(saved.path(), kept, copying);
        {
            FaultyDisk disk(kept);
            disk.fail(at, fault);
            write();
            disk.heal();
            if (power_cut)
                disk.cut_power();
        }
        CAPTURE(at, last, static_cast<int>(fault), power_cut);
        check();
    }
}

} // namespace livepatch::support
