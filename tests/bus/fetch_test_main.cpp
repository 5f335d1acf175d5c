// livepatch-fetch for a host of files, for tests with the real daemon: below the directory
// LIVEPATCHD_TEST_ROOT are etc/, mirror/, lib/modules/, state/resets/ and machine-id. Its pauses
// are short, since no other host asks the test's servers.
#include "base/file.hpp"
#include "base/text.hpp"
#include "fetch/command_line.hpp"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <thread>

int main(int argc, char** argv) {
    using namespace livepatch;
    char const* directory = std::getenv("LIVEPATCHD_TEST_ROOT");
    if (directory == nullptr) {
        std::cerr << "livepatch-fetch-test: LIVEPATCHD_TEST_ROOT is not set\n";
        return 2;
    }
    std::filesystem::path const root(directory);
    auto const machine_id = base::read_file(root / "machine-id");
    fetch::Context context{
        .out = std::cout,
        .err = std::cerr,
        .configuration =
            {.etc = root / "etc", .vendor = root / "vendor", .mirrors = root / "mirror"},
        .modules = root / "lib/modules",
        .release = "6.1.0-56-amd64", // as FakeKernelTree has it
        .fetcher = {
            .host =
                {.machine_id = machine_id ? std::string(base::trimmed(*machine_id)) : std::string(),
                 .arch = "x86_64",
                 .resets = root / "state/resets"},
            .sleep = [](std::chrono::seconds) {},
            .let_readers_end = [] { std::this_thread::sleep_for(std::chrono::milliseconds(150)); },
            .chance = [] { return 0.0; }}};
    return fetch::run(argc, argv, context);
}
