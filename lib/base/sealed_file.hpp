// Bytes that nobody can change any more: a memfd under all four write seals.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <cstddef>
#include <span>
#include <string>

namespace livepatch::base {

// A successful seal proves that there is no writable mapping of it (mm/memfd.c: F_SEAL_WRITE fails
// with EBUSY while one exists), so what was verified is what the kernel reads.
class SealedFile {
public:
    SealedFile(SealedFile&&) noexcept;
    SealedFile& operator=(SealedFile&&) noexcept;
    SealedFile(SealedFile const&) = delete;
    SealedFile& operator=(SealedFile const&) = delete;
    ~SealedFile();

    // Valid as long as this object.
    std::span<std::byte const> bytes() const { return bytes_; }

    int fd() const { return fd_.get(); }

    // "/proc/self/fd/N": opens the sealed bytes for those who insist on a path (libkmod does).
    std::string path() const;

private:
    friend class SealedFileWriter;
    SealedFile(UniqueFd fd, std::span<std::byte const> bytes);
    UniqueFd fd_;
    std::span<std::byte const> bytes_; // private read-only mapping
};

// Fills a memfd, then seals it.
class SealedFileWriter {
public:
    // `name` is for /proc/*/fd only.
    static Result<SealedFileWriter> create(std::string const& name);

    Result<void> append(std::span<std::byte const> bytes);

    std::size_t size() const { return size_; }

    // The writer is spent afterwards. An empty file is an error.
    Result<SealedFile> seal() &&;

private:
    explicit SealedFileWriter(UniqueFd fd, std::string name);
    UniqueFd fd_;
    std::string name_;
    std::size_t size_ = 0;
};

} // namespace livepatch::base
