#include "trust/tuf/store.hpp"

#include "base/atomic_file.hpp"
#include "base/directory.hpp"
#include "base/file.hpp"
#include "trust/tuf/file_name.hpp"
#include "trust/tuf/refusal.hpp"

#include <sys/file.h>

#include <cerrno>
#include <fcntl.h>
#include <utility>

namespace livepatch::trust::tuf {

namespace {

constexpr mode_t file_mode = 0644; // nothing in it is a secret
constexpr std::size_t largest_memory = 4096;

base::Result<base::UniqueFd> lock_directory(std::filesystem::path const& path) {
    base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd)
        return base::system_error(path.string(), "cannot open", errno);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (errno != EWOULDBLOCK)
        return base::system_error(path.string(), "cannot lock", errno);
    return base::Error{
        .code = base::Errc::busy,
        .subject = path.string(),
        .cause = "another refresh is at work on it",
        .remedy = "wait for its end"};
}

base::Result<Memory> load_memory(std::filesystem::path const& path) {
    auto const text = base::read_file(path, largest_memory);
    if (text)
        return memory_from_json(*text);
    if (text.error().os_error == ENOENT || text.error().os_error == EFBIG)
        return Memory();
    return text.error();
}

} // namespace

base::Result<Store> Store::open(Paths paths) {
    for (auto const& directory : {paths.metadata, paths.memory.parent_path()})
        if (auto made = base::make_directories(directory); !made)
            return made.error();
    auto lock = lock_directory(paths.metadata);
    if (!lock)
        return lock.error();
    auto memory = load_memory(paths.memory);
    if (!memory)
        return memory.error();
    return Store(std::move(paths), std::move(*lock), std::move(*memory));
}

Store::Store(Paths paths, base::UniqueFd lock, Memory memory)
    : paths_(std::move(paths)),
      lock_(std::move(lock)),
      memory_(std::move(memory)) {}

base::Result<Document> Store::load(std::string const& role, std::size_t limit) const {
    auto const path = path_of(role);
    auto bytes = base::read_file(path, limit);
    if (bytes)
        return Document{.subject = path.string(), .bytes = std::move(*bytes)};
    auto error = bytes.error();
    if (error.os_error == ENOENT)
        error.code = base::Errc::not_found;
    if (error.os_error == EFBIG)
        error.code = base::Errc::verification_failed;
    return error;
}

base::Result<void> Store::save(std::string const& role, std::string_view bytes) {
    return base::replace_file(path_of(role), bytes, file_mode, base::Durability::power_cut);
}

base::Result<void> Store::forget(std::string const& role) {
    if (auto removed = base::remove_file(path_of(role)); !removed)
        return removed;
    return base::sync_directory(paths_.metadata);
}

base::Result<void> Store::remember(Memory memory) {
    if (memory == memory_)
        return {};
    auto written =
        base::replace_file(paths_.memory, to_json(memory), file_mode, base::Durability::power_cut);
    if (written)
        memory_ = std::move(memory);
    return written;
}

std::filesystem::path Store::path_of(std::string const& role) const {
    return paths_.metadata / file_name(role);
}

} // namespace livepatch::trust::tuf
