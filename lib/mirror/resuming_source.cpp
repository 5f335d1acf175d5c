#include "mirror/resuming_source.hpp"

#include "base/file.hpp"
#include "base/unique_fd.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace livepatch::mirror {

namespace {

using Sink = trust::tuf::Source::Sink;

// Hands on what there is; returns how much that was.
base::Result<std::uint64_t> replay(int fd, std::string const& subject, Sink const& sink) {
    std::array<std::byte, std::size_t{64} * 1024> buffer; // NOLINT: filled by read
    std::uint64_t size = 0;
    for (;;) {
        auto const got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return base::system_error(subject, "cannot read", errno);
        if (got == 0)
            return size;
        size += static_cast<std::uint64_t>(got);
        if (auto taken = sink(std::span(buffer).first(static_cast<std::size_t>(got))); !taken)
            return taken.error();
    }
}

} // namespace

base::Result<ResumingSource::Answer>
ResumingSource::fetch(Request const& request, Sink const& sink) {
    if (request.name.area == Area::metadata)
        return web_->fetch(request, sink);
    base::UniqueFd const file(::open(part_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644)
    );
    if (!file)
        return base::system_error(part_.string(), "cannot create", errno);
    auto const start = replay(file.get(), part_.string(), sink);
    if (!start)
        return start.error();
    // `limit` is what was signed: there is nothing left to be asked for.
    if (*start != 0 && *start == request.limit)
        return Answer::content;
    return web_->fetch_from(*start, request, [&](std::span<std::byte const> bytes) {
        // First the file: what is in it was handed on, or will be.
        if (auto written = base::write_all(file.get(), bytes, part_.string()); !written)
            return written;
        return sink(bytes);
    });
}

} // namespace livepatch::mirror
