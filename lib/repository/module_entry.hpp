// A module file in a source's directory, opened together with the sidecar beside it.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "repository/sidecar.hpp"
#include "repository/stamp.hpp"
#include "trust/candidate.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace livepatch::repository {

class ModuleEntry {
public:
    // NAME when a file is called NAME.ko, NAME.ko.xz, NAME.ko.zst or NAME.ko.gz and is not hidden.
    static std::optional<std::string> stem(std::string const& file_name);

    // Opens `path`, which lies in `directory`, by the rules of open_safe_file.
    static base::Result<ModuleEntry> open(int directory, std::filesystem::path const& path);

    std::filesystem::path const& path() const { return path_; }

    // Of the module whichever way it is packed: NAME.ko.json.
    std::filesystem::path sidecar_path() const;

    struct Stamps {
        Stamp module;
        std::optional<Stamp> sidecar; // nothing = there is none, or it cannot be opened
        bool operator==(Stamps const&) const = default;
        bool same_content(Stamps const& other) const;
    };

    // Where others may write the directory: what one of them put in the sidecar's place. It counts
    // for nothing, as if it were not there; nothing = there is no such thing. Decision 0009.
    std::optional<base::Error> const& foreign_sidecar() const { return foreign_sidecar_; }

    Stamps const& stamps() const { return stamps_; }

    // Whether the stamps would tell the next change: it was long enough ago that the files changed.
    bool is_settled() const;

    struct Content {
        trust::Candidate candidate;
        base::Result<std::optional<Sidecar>> sidecar; // nothing = there is none
    };

    // Once. The errors are those of trust::Candidate::read, and busy for a file that somebody
    // changed meanwhile.
    base::Result<Content> read() const;

private:
    ModuleEntry(
        std::filesystem::path path, base::UniqueFd module, base::Result<base::UniqueFd> sidecar
    );
    void open_sidecar(int directory);
    base::Result<Stamps> examine() const;
    base::Result<std::optional<Sidecar>> read_sidecar() const;

    std::filesystem::path path_;
    base::UniqueFd module_;
    base::Result<base::UniqueFd> sidecar_; // not_found = there is none
    std::optional<base::Error> foreign_sidecar_ = {};
    Stamps stamps_;
};

} // namespace livepatch::repository
