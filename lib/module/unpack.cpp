#include "module/unpack.hpp"

#include "module/decoder.hpp"
#include "module/refusal.hpp"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace livepatch::module {

namespace {

constexpr std::size_t buffer_size = std::size_t{64} * 1024;

// The file's bytes from its start, by positions of our own: whoever else holds the descriptor
// cannot move us.
class Input {
public:
    Input(int fd, std::string_view subject, std::size_t limit)
        : fd_(fd),
          subject_(subject),
          limit_(limit),
          buffer_(buffer_size) {}

    // What is not consumed yet; more is read only when nothing is left.
    Bytes rest() const { return rest_; }

    bool at_end() const { return at_end_; }

    void consume(std::size_t size) { rest_ = rest_.subspan(size); }

    base::Result<void> refill() {
        if (!rest_.empty() || at_end_)
            return {};
        ssize_t got = -1;
        do {
            got = ::pread(fd_, buffer_.data(), buffer_.size(), static_cast<off_t>(position_));
        } while (got < 0 && errno == EINTR);
        if (got < 0)
            return base::system_error(std::string(subject_), "cannot read", errno);
        position_ += static_cast<std::size_t>(got);
        if (position_ > limit_) // it grew since we looked
            return refusal("longer than " + std::to_string(limit_) + " bytes", subject_);
        at_end_ = got == 0;
        rest_ = Bytes(buffer_).first(static_cast<std::size_t>(got));
        return {};
    }

private:
    int fd_;
    std::string_view subject_;
    std::size_t limit_;
    std::size_t position_ = 0;
    bool at_end_ = false;
    std::vector<std::byte> buffer_;
    Bytes rest_;
};

class Output {
public:
    Output(base::SealedFileWriter writer, std::string_view subject, std::size_t limit)
        : writer_(std::move(writer)),
          subject_(subject),
          limit_(limit) {}

    base::Result<void> append(Bytes bytes) {
        if (bytes.size() > limit_ - writer_.size())
            return refusal("unpacks to more than " + std::to_string(limit_) + " bytes", subject_);
        return writer_.append(bytes);
    }

    base::Result<base::SealedFile> seal() && {
        if (writer_.size() == 0)
            return refusal("empty file", subject_);
        return std::move(writer_).seal();
    }

private:
    base::SealedFileWriter writer_;
    std::string_view subject_;
    std::size_t limit_;
};

// A pipe or device could keep us waiting, and a directory has no bytes. The size is checked before
// the first byte is read, so a huge hole costs nothing.
base::Result<void> check_file(int fd, std::string_view subject, std::size_t limit) {
    struct stat status {};

    if (::fstat(fd, &status) != 0)
        return base::system_error(std::string(subject), "cannot stat", errno);
    if (!S_ISREG(status.st_mode))
        return refusal("not a regular file", subject);
    if (std::cmp_greater(status.st_size, limit))
        return refusal("longer than " + std::to_string(limit) + " bytes", subject);
    return {};
}

std::unique_ptr<Decoder> decoder_for(Bytes start) {
    using namespace std::string_view_literals;
    auto const text = as_text(start);
    if (text.starts_with("\xfd"
                         "7zXZ\0"sv))
        return make_xz_decoder();
    if (text.starts_with("\x28\xb5\x2f\xfd"sv))
        return make_zstd_decoder();
    if (text.starts_with("\x1f\x8b"sv))
        return make_gzip_decoder();
    return nullptr;
}

base::Result<void> copy(Input& input, Output& output) {
    while (!input.rest().empty()) {
        if (auto written = output.append(input.rest()); !written)
            return written;
        input.consume(input.rest().size());
        if (auto read = input.refill(); !read)
            return read;
    }
    return {};
}

base::Result<void>
decode(Decoder& decoder, Input& input, Output& output, std::string_view subject) {
    std::vector<std::byte> buffer(buffer_size);
    for (;;) {
        if (auto read = input.refill(); !read)
            return read;
        auto step = decoder.step(input.rest(), buffer, input.at_end());
        if (!step) {
            auto error = std::move(step).error();
            error.subject = subject;
            return error;
        }
        if (auto written = output.append(Bytes(buffer).first(step->written)); !written)
            return written;
        input.consume(step->read);
        bool const stands_still = step->read == 0 && step->written == 0;
        if (stands_still && input.at_end() && step->whole)
            return {};
        if (stands_still)
            return refusal("compressed data is cut off", subject);
    }
}

} // namespace

base::Result<base::SealedFile> unpack(int fd, std::string const& subject, std::size_t limit) {
    if (auto good = check_file(fd, subject, limit); !good)
        return good.error();
    auto writer = base::SealedFileWriter::create("livepatch-module");
    if (!writer)
        return writer.error();
    Input input(fd, subject, limit);
    Output output(std::move(*writer), subject, limit);
    if (auto read = input.refill(); !read)
        return read.error();
    auto const decoder = decoder_for(input.rest());
    auto const done = decoder ? decode(*decoder, input, output, subject) : copy(input, output);
    if (!done)
        return done.error();
    return std::move(output).seal();
}

} // namespace livepatch::module
