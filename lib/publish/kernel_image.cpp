#include "publish/kernel_image.hpp"

#include "base/unique_fd.hpp"
#include "module/build_id.hpp"

#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <span>
#include <unistd.h>
#include <utility>

namespace livepatch::publish {

namespace {

constexpr std::size_t largest_notes = std::size_t{1} << 20U;
constexpr std::size_t most_segments = 256;

base::Error no_kernel(std::filesystem::path const& file, std::string cause) {
    return {
        .code = base::Errc::verification_failed,
        .subject = file.string(),
        .cause = std::move(cause),
        .remedy = "name an uncompressed vmlinux, or a copy of /sys/kernel/notes from a host that "
                  "runs the kernel"};
}

// As many bytes from there on as there are, up to `size`.
std::string read_at(int fd, std::uint64_t offset, std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t got = 0;
    while (got < size) {
        auto const count =
            ::pread(fd, bytes.data() + got, size - got, static_cast<off_t>(offset + got));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        got += static_cast<std::size_t>(count);
    }
    bytes.resize(got);
    return bytes;
}

std::string build_id_in(std::string const& notes) {
    return module::build_id(std::as_bytes(std::span(notes)));
}

template <class T>
bool load(std::string const& bytes, T& target) {
    if (bytes.size() < sizeof(T))
        return false;
    std::memcpy(&target, bytes.data(), sizeof(T));
    return true;
}

// Out of the note segments: a vmlinux has hundreds of megabytes that are of no interest.
std::string build_id_of_elf(int fd, Elf64_Ehdr const& header) {
    for (std::size_t i = 0; i < header.e_phnum && i < most_segments; ++i) {
        Elf64_Phdr segment{};
        if (!load(read_at(fd, header.e_phoff + i * sizeof segment, sizeof segment), segment))
            return {};
        if (segment.p_type != PT_NOTE || segment.p_filesz > largest_notes)
            continue;
        auto id = build_id_in(read_at(fd, segment.p_offset, segment.p_filesz));
        if (!id.empty())
            return id;
    }
    return {};
}

} // namespace

base::Result<std::string> kernel_build_id(std::filesystem::path const& file) {
    base::UniqueFd const fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd)
        return base::system_error(file.string(), "cannot open", errno);
    Elf64_Ehdr header{};
    auto const start = read_at(fd.get(), 0, sizeof header);
    bool const is_elf = start.starts_with(ELFMAG) && load(start, header) &&
                        header.e_ident[EI_CLASS] == ELFCLASS64 &&
                        header.e_phentsize == sizeof(Elf64_Phdr);
    auto id = is_elf ? build_id_of_elf(fd.get(), header)
                     : build_id_in(read_at(fd.get(), 0, largest_notes));
    if (id.empty())
        return no_kernel(
            file, is_elf ? "an ELF file without a build-id" : "neither a vmlinux nor notes"
        );
    return id;
}

} // namespace livepatch::publish
