// What a publisher said once, when the repository was made.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

namespace livepatch::publish {

struct Settings {
    // How long what is signed is good for. Online: snapshot, brake.
    std::chrono::seconds root = std::chrono::hours(365 * 24);
    std::chrono::seconds targets = std::chrono::hours(90 * 24);
    std::chrono::seconds snapshot = std::chrono::hours(7 * 24);
    std::chrono::seconds timestamp = std::chrono::hours(24);

    // Where the private keys are looked for; relative to the repository's parent.
    std::filesystem::path keys;

    std::chrono::seconds lifetime(std::string const& role) const;

    std::string to_json() const;
    static base::Result<Settings> from_json(std::string_view text, std::string_view subject);
};

} // namespace livepatch::publish
