// A client with a store on disk, and a repository in memory that answers as a test says.
#pragma once

#include "support/temporary_directory.hpp"
#include "support/tuf_repository.hpp"
#include "trust/tuf/client.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::support {

class ScriptedSource : public trust::tuf::Source {
public:
    explicit ScriptedSource(std::map<std::string, std::string> const& files) : files_(&files) {}

    std::string locate(Name const& name) const override;
    base::Result<Answer> fetch(Request const& request, Sink const& sink) override;

    // What another repository would answer, from now on.
    void serve(std::map<std::string, std::string> const& files) { files_ = &files; }

    // In place of the file of that name ("metadata/timestamp.json").
    using Script = std::function<base::Result<Answer>(Request const&, Sink const&)>;
    std::map<std::string, Script> scripts;

    std::vector<std::string> requests; // "metadata/2.root.json"

private:
    std::map<std::string, std::string> const* files_;
};

struct TufBench {
    TufRepository repository;
    ScriptedSource source{repository.files};
    TemporaryDirectory directory;
    std::string anchor = repository.files.at("metadata/1.root.json");
    trust::tuf::Time now = *trust::tuf::parse_time(tuf_today);
    trust::tuf::Limits limits;
    std::optional<trust::tuf::Store> store;

    // As a program that starts anew does it: all it knows is on disk.
    base::Result<trust::tuf::Client> refreshed();

    // "ok", or the error in words.
    std::string refresh();

    base::Error failure(); // of a refresh that must fail

    // Of a target: its bytes, or the error in words.
    std::string fetch(std::string const& path);

    trust::tuf::Store::Paths paths() const;

    // Of what is stored; 0 = none.
    int stored(std::string const& role) const;

    // "1 1 1 1": root, timestamp, snapshot, targets.
    std::string stored() const;

    // The versions of root that were asked for and the rest, since the last time.
    std::vector<std::string> take_requests();
};

} // namespace livepatch::support
