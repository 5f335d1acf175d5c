#include "module/unpack.hpp"
#include "support/catch.hpp"
#include "support/compressor.hpp"
#include "support/temporary_directory.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fcntl.h>

using namespace livepatch;

namespace {

constexpr std::size_t limit = std::size_t{1024} * 1024;

base::Result<base::SealedFile> unpack(std::string const& content, std::size_t at_most = limit) {
    support::TemporaryDirectory const directory;
    base::UniqueFd const fd(::open(directory.write("x.ko", content).c_str(), O_RDONLY | O_CLOEXEC));
    return module::unpack(fd.get(), "x.ko", at_most);
}

std::string unpacked(std::string const& content) {
    auto const file = unpack(content);
    REQUIRE(file);
    return {reinterpret_cast<char const*>(file->bytes().data()), file->bytes().size()};
}

std::string refusal_of(std::string const& content, std::size_t at_most = limit) {
    auto const file = unpack(content, at_most);
    REQUIRE(file.has_error());
    CHECK(file.error().code == base::Errc::verification_failed);
    CHECK(file.error().subject == "x.ko");
    return file.error().cause;
}

std::string refusal_of_fd(int fd) {
    auto const file = module::unpack(fd, "x.ko");
    REQUIRE(file.has_error());
    return file.error().cause;
}

// Does not compress, so that streams span several buffers.
std::string noise(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t state = 1;
    for (auto& c : text) {
        state = state * 1664525U + 1013904223U;
        c = static_cast<char>(state >> 24U);
    }
    return text;
}

struct Format {
    char const* name;
    std::string (*compress)(std::string_view);
};

Format const formats[] = {{"gzip", support::gzip}, {"xz", support::xz}, {"zstd", support::zstd}};

} // namespace

TEST_CASE("a plain file is copied as it is") {
    CHECK(
        unpacked("\x7f"
                 "ELF") == "\x7f"
                           "ELF"
    );
    CHECK(unpacked("x") == "x");
    CHECK(unpacked(noise(200'000)) == noise(200'000));
}

TEST_CASE("compressed files are unpacked by their magic") {
    for (auto const& format : formats) {
        INFO(format.name);
        CHECK(unpacked(format.compress("module")) == "module");
        CHECK(unpacked(format.compress(noise(300'000))) == noise(300'000));
        CHECK(unpacked(format.compress(std::string(limit, 'x'))) == std::string(limit, 'x'));
    }
}

TEST_CASE("streams that follow one another are one") {
    for (auto const& format : formats) {
        INFO(format.name);
        auto const big = noise(100'000);
        CHECK(unpacked(format.compress("one ") + format.compress("two")) == "one two");
        CHECK(unpacked(format.compress(big) + format.compress(big)) == big + big);
        CHECK(unpacked(format.compress("") + format.compress("x")) == "x");
    }
    CHECK(unpacked(support::xz("a") + std::string(8, '\0') + support::xz("b")) == "ab");
}

TEST_CASE("a compressed file that is cut off anywhere is refused") {
    for (auto const& format : formats) {
        auto const whole = format.compress("a module of some length, a module of some length");
        for (std::size_t size = 6; size < whole.size(); ++size) {
            INFO(format.name << " at " << size);
            CHECK(refusal_of(whole.substr(0, size)).find("x.ko") == std::string::npos);
        }
        auto const big = format.compress(noise(100'000));
        CHECK_FALSE(refusal_of(big.substr(0, big.size() - 1)).empty());
        CHECK_FALSE(refusal_of(big.substr(0, 65536)).empty());
    }
}

TEST_CASE("anything behind a compressed stream is refused") {
    for (auto const& format : formats) {
        for (std::string const& tail :
             {std::string("x"),
              std::string("garbage garbage garbage"),
              std::string("\0", 1),
              noise(70'000)}) {
            INFO(format.name << " with " << tail.size() << " bytes behind");
            CHECK_FALSE(refusal_of(format.compress("module") + tail).empty());
            CHECK_FALSE(refusal_of(format.compress(noise(65'536)) + tail).empty());
        }
    }
    CHECK_FALSE(refusal_of(support::xz("a") + support::gzip("b")).empty());
}

TEST_CASE("a damaged compressed file is refused") {
    for (auto const& format : formats) {
        auto damaged = format.compress(noise(100'000));
        damaged[50'000] = static_cast<char>(damaged[50'000] ^ 1);
        INFO(format.name);
        CHECK_FALSE(refusal_of(damaged).empty());
    }
}

TEST_CASE("neither input nor output may be longer than the limit") {
    CHECK(refusal_of(std::string(1001, 'x'), 1000) == "longer than 1000 bytes");
    CHECK(unpack(std::string(1000, 'x'), 1000));
    for (auto const& format : formats) {
        INFO(format.name);
        CHECK(unpack(format.compress(std::string(1000, 'x')), 1000));
        CHECK(
            refusal_of(format.compress(std::string(1001, 'x')), 1000) ==
            "unpacks to more than 1000 bytes"
        );
        auto const bomb = format.compress(std::string(50 * limit, '\0'));
        REQUIRE(bomb.size() < limit);
        CHECK(refusal_of(bomb) == "unpacks to more than 1048576 bytes");
    }
}

TEST_CASE("a stream that asks for more memory than a module needs is refused") {
    CHECK(
        refusal_of(support::xz_with_dictionary("x", 256U << 20U)).starts_with("xz data needs more")
    );
    CHECK(unpack(support::xz_with_dictionary("x", 64U << 20U)));
    CHECK(
        refusal_of(support::zstd_with_window("x", 27)) ==
        "damaged zstd data, or something behind it: Frame requires too much memory for decoding"
    );
    CHECK(unpack(support::zstd_with_window("x", 26)));
}

TEST_CASE("empty files are refused, packed or not") {
    CHECK(refusal_of("") == "empty file");
    for (auto const& format : formats)
        CHECK(refusal_of(format.compress("")) == "empty file");
}

TEST_CASE("only regular files are read") {
    support::TemporaryDirectory const directory;
    auto const fifo = directory.path() / "fifo";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    auto const open = [](std::filesystem::path const& path) {
        return base::UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    };
    CHECK(refusal_of_fd(open(fifo).get()) == "not a regular file");
    CHECK(refusal_of_fd(open(directory.path()).get()) == "not a regular file");
    CHECK(refusal_of_fd(open("/dev/zero").get()) == "not a regular file");
    CHECK(refusal_of_fd(-1) == "cannot stat: Bad file descriptor");
    auto const path = directory.write("write-only", "x");
    base::UniqueFd const unreadable(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    CHECK(refusal_of_fd(unreadable.get()) == "cannot read: Bad file descriptor");
}

TEST_CASE("a huge hole is refused by its size") {
    support::TemporaryDirectory const directory;
    base::UniqueFd const fd(
        ::open((directory.path() / "hole").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)
    );
    REQUIRE(::ftruncate(fd.get(), off_t{1} << 30) == 0);
    CHECK(refusal_of_fd(fd.get()) == "longer than 67108864 bytes");
}

TEST_CASE("the file is read from its start, and its position left alone") {
    support::TemporaryDirectory const directory;
    base::UniqueFd const fd(::open(directory.write("x", "module").c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(::lseek(fd.get(), 3, SEEK_SET) == 3);
    auto const file = module::unpack(fd.get(), "x");
    REQUIRE(file);
    CHECK(file->bytes().size() == 6);
    CHECK(::lseek(fd.get(), 0, SEEK_CUR) == 3);
}
