// state.json: the State, whole and durable.
#pragma once

#include "base/result.hpp"
#include "engine/state.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace livepatch::engine {

// {"schema":2,"generation":N,"sha256":"…","state":{…}}, the digest over the compact form of
// "state"; a file of schema 1 is read, too. A damaged file is set aside as state.json.damaged, one
// that the disk would not give is kept as state.json.unread, and the previous generation
// (state.json.previous) taken.
class StateFile {
public:
    explicit StateFile(std::filesystem::path directory);

    struct Loaded {
        State state;
        std::string problem; // what was wrong with the file; "" = nothing
    };

    // No file at all is an empty state; files of which none can be used, one that is `lost`.
    Loaded load();

    // The same for whoever only looks: the files stay as they are.
    Loaded look();

    // On return it is on the disk; on an error the old content stands.
    base::Result<void> save(State const& state);

    // Why what is saved would not survive a reboot: the directory is not there, or on tmpfs;
    // nothing = it would. Whether it can be written is what save() tells.
    std::optional<base::Error> not_persistent() const;

private:
    std::filesystem::path path() const;
    std::filesystem::path previous_path() const;
    void set_aside(base::Error const& error) const;
    void keep_previous() const;
    base::Result<State> read(std::filesystem::path const& path);
    Loaded without(base::Error const& error); // of state.json

    std::filesystem::path directory_;
    unsigned long generation_ = 0;
};

} // namespace livepatch::engine
