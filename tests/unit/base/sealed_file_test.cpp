#include "base/file.hpp"
#include "base/sealed_file.hpp"
#include "support/catch.hpp"

#include <sys/mman.h>

#include <fcntl.h>

using namespace livepatch::base;

namespace {

SealedFile sealed(std::string_view text) {
    auto writer = SealedFileWriter::create("test").value();
    REQUIRE(writer.append(std::as_bytes(std::span(text))));
    auto file = std::move(writer).seal();
    REQUIRE(file);
    return std::move(file).value();
}

} // namespace

TEST_CASE("a sealed file holds its bytes and refuses every change") {
    auto const file = sealed("module");
    CHECK(file.bytes().size() == 6);
    CHECK(read_file(file.path()).value() == "module");
    CHECK(::write(file.fd(), "x", 1) < 0);
    CHECK(::ftruncate(file.fd(), 1) < 0);
    CHECK(::mmap(nullptr, 6, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd(), 0) == MAP_FAILED);
    CHECK(::fcntl(file.fd(), F_ADD_SEALS, F_SEAL_WRITE) < 0);
}

TEST_CASE("bytes follow a move") {
    auto file = sealed("module");
    auto const moved = std::move(file);
    CHECK(moved.bytes().size() == 6);
    CHECK(std::to_integer<char>(moved.bytes()[0]) == 'm');
}

TEST_CASE("an empty file cannot be sealed") {
    auto writer = SealedFileWriter::create("empty.ko").value();
    auto const file = std::move(writer).seal();
    REQUIRE(file.has_error());
    CHECK(describe(file.error()) == "empty.ko: empty file");
}
