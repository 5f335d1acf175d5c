// /run/livepatchd/fetch-wanted: written when somebody asks for what is new, waited for by
// livepatch-fetch.path, and taken away when livepatch-fetch starts. So the daemon starts nothing,
// and tells who fetches nothing but that.
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
