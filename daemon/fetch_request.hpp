// /run/livepatchd/fetch-wanted: written when somebody asks for what is new, and watched by
// livepatch-fetch.path. So nobody who has rights starts anything, and who fetches is told nothing.
#pragma once

#include <filesystem>
#include <utility>

namespace livepatch::daemon {

class FetchRequest {
public:
    explicit FetchRequest(std::filesystem::path path) : path_(std::move(path)) {}

    // What cannot be written is logged: the timer asks within the hour.
    void make() const;

private:
    std::filesystem::path path_;
};

} // namespace livepatch::daemon
