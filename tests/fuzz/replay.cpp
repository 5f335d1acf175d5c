// Runs a fuzzer over files and directories, where there is no libFuzzer.
#include "fuzzer.hpp"

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

} // namespace

int main(int count, char** arguments) {
    for (std::filesystem::path const path : std::vector<char*>(arguments + 1, arguments + count)) {
        if (!std::filesystem::is_directory(path)) {
            replay(path);
            continue;
        }
        for (auto const& entry : std::filesystem::recursive_directory_iterator(path))
            if (entry.is_regular_file())
                replay(entry.path());
    }
    std::printf("%zu inputs replayed\n", replayed);
    return replayed == 0 ? 1 : 0;
}
