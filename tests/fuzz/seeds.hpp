// A directory to write a fuzzer's first inputs into.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace livepatch::fuzz {

class Seeds {
public:
    // Of main: the directory is the one argument.
    Seeds(int count, char** arguments) : directory_(count == 2 ? arguments[1] : "") {
        std::filesystem::remove_all(directory_);
        std::filesystem::create_directories(directory_);
    }

    void add(std::string_view name, std::string_view content) const {
        std::ofstream(directory_ / name, std::ios::binary) << content;
    }

private:
    std::filesystem::path directory_;
};

} // namespace livepatch::fuzz
