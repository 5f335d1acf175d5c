#include "base/sealed_file.hpp"

#include "base/file.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <fcntl.h>
#include <utility>

namespace livepatch::base {

SealedFile::SealedFile(UniqueFd fd, std::span<std::byte const> bytes)
    : fd_(std::move(fd)),
      bytes_(bytes) {}

SealedFile::SealedFile(SealedFile&& other) noexcept
    : fd_(std::move(other.fd_)),
      bytes_(std::exchange(other.bytes_, {})) {}

SealedFile& SealedFile::operator=(SealedFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(bytes_, other.bytes_);
    return *this;
}

SealedFile::~SealedFile() {
    // munmap takes a pointer to non-const, though it changes no byte.
    if (!bytes_.empty())
        ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size()); // NOLINT
}

std::string SealedFile::path() const {
    return "/proc/self/fd/" + std::to_string(fd_.get());
}

SealedFileWriter::SealedFileWriter(UniqueFd fd, std::string name)
    : fd_(std::move(fd)),
      name_(std::move(name)) {}

Result<SealedFileWriter> SealedFileWriter::create(std::string const& name) {
    UniqueFd fd(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd)
        return system_error(name, "cannot create a memory file", errno);
    return SealedFileWriter(std::move(fd), name);
}

Result<void> SealedFileWriter::append(std::span<std::byte const> bytes) {
    auto written = write_all(fd_.get(), bytes, name_);
    if (written)
        size_ += bytes.size();
    return written;
}

Result<SealedFile> SealedFileWriter::seal() && {
    if (size_ == 0)
        return Error{.code = Errc::failed, .subject = name_, .cause = "empty file", .remedy = {}};
    constexpr int all_seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    if (::fcntl(fd_.get(), F_ADD_SEALS, all_seals) != 0)
        return system_error(name_, "cannot seal", errno);
    // MAP_PRIVATE: before 6.7 a write-sealed memfd refuses even a read-only shared mapping.
    void* const address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd_.get(), 0);
    if (address == MAP_FAILED)
        return system_error(name_, "cannot map", errno); // NOLINT
    return SealedFile(std::move(fd_), {static_cast<std::byte const*>(address), size_});
}

} // namespace livepatch::base
