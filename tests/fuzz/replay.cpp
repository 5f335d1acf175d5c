// Runs a fuzzer over files and directories, where there is no libFuzzer.
#include "fuzzer.hpp"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

namespace {

std::size_t replayed = 0;

void replay(std::filesystem::path const& path) {
    std::ifstream in(path, std::ios::binary);
    std::vector<char> const content{std::istreambuf_iterator<char>(in), {}};
    // A buffer of exactly this size, so that the sanitizer sees a read beyond the end.
    auto const bytes = std::make_unique<std::uint8_t[]>(content.size());
    std::copy(content.begin(), content.end(), bytes.get());
    std::printf("%s\n", path.c_str());
    std::fflush(stdout);
    LLVMFuzzerTestOneInput(bytes.get(), content.size());
    ++replayed;
}

void replay_all(std::filesystem::path const& path) {
    if (!std::filesystem::is_directory(path)) {
        replay(path);
        return;
    }
    for (auto const& entry : std::filesystem::recursive_directory_iterator(path))
        if (entry.is_regular_file())
            replay(entry.path());
}

} // namespace

int main(int count, char** arguments) {
    try {
        for (int i = 1; i < count; ++i)
            replay_all(arguments[i]);
    } catch (std::exception const& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    std::printf("%zu inputs replayed\n", replayed);
    return replayed == 0 ? 1 : 0;
}
