// A directory to write a fuzzer's first inputs into.
#pragma once

#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

namespace livepatch::fuzz {

class Seeds {
public:
    explicit Seeds(std::filesystem::path directory) : directory_(std::move(directory)) {}

    void add(std::string_view name, std::string_view content) const {
        std::ofstream(directory_ / name, std::ios::binary) << content;
    }

private:
    std::filesystem::path directory_;
};

// Defined by each program of seeds; main is in seeds.cpp.
void write_seeds(Seeds const& seeds);

} // namespace livepatch::fuzz
