// state.json: the State, whole and durable.
#pragma once

#include "base/result.hpp"
#include "engine/state.hpp"

#include <filesystem>
#include <string>

namespace livepatch::engine {

// {"schema":1,"generation":N,"sha256":"…","state":{…}}, the digest over the compact form of
// "state". A damaged file is set aside as state.json.damaged and the previous generation
// (state.json.previous) taken.
class StateFile {
public:
    explicit StateFile(std::filesystem::path directory);

    struct Loaded {
        State state;
        std::string problem; // what was wrong with the file; "" = nothing
    };

    // No file at all is an empty state.
    Loaded load();

    // On return it is on the disk; on an error the old content stands.
    base::Result<void> save(State const& state);

    // Whether a record would survive a power cut: the directory is writable and not on tmpfs. The
    // reason when not.
    base::Result<void> check_persistent() const;

private:
    std::filesystem::path path() const;
    std::filesystem::path previous_path() const;
    base::Result<State> read(std::filesystem::path const& path);

    std::filesystem::path directory_;
    unsigned long generation_ = 0;
};

} // namespace livepatch::engine
