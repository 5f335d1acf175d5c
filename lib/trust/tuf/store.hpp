// What a client has accepted so far, on disk. It is what protects from going back.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "trust/tuf/document.hpp"
#include "trust/tuf/memory.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace livepatch::trust::tuf {

// Every file is replaced as a whole and is on the disk when a function returns; each is kept byte
// for byte as it was received. After a crash between any two writes there is less than was
// received, and never something that was not accepted.
class Store {
public:
    struct Paths {
        std::filesystem::path metadata; // directory: root.json, timestamp.json, ...
        std::filesystem::path memory;   // file
    };

    // Makes the directories that are missing. busy: somebody else is at it; the lock lasts as long
    // as this object.
    static base::Result<Store> open(Paths paths);

    // not_found: there is none. verification_failed: longer than `limit`, so it is not of ours.
    base::Result<Document> load(std::string const& role, std::size_t limit) const;

    base::Result<void> save(std::string const& role, std::string_view bytes);

    // No error when there is none.
    base::Result<void> forget(std::string const& role);

    Memory const& memory() const { return memory_; }

    base::Result<void> remember(Memory memory);

private:
    Store(Paths paths, base::UniqueFd lock, Memory memory);
    std::filesystem::path path_of(std::string const& role) const;

    Paths paths_;
    base::UniqueFd lock_;
    Memory memory_;
};

} // namespace livepatch::trust::tuf
