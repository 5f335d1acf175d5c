// module-bench make DIRECTORY MEBIBYTES: a signed livepatch module of that size, module.ko, and in
// keys/ the certificate it is signed with. module-bench time DIRECTORY: milliseconds for the module
// to be verified once it lies where nobody can change it, and for all of it from the file on.
#include "base/sealed_file.hpp"
#include "support/module_file.hpp"
#include "trust/hashed_module.hpp"
#include "trust/verifier.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using namespace livepatch;
using Clock = std::chrono::steady_clock;

constexpr auto release = "6.1.0-56-amd64";

int make(std::filesystem::path const& directory, std::size_t mebibytes) {
    auto elf = support::livepatch_builder("lp_large", release);
    elf.add({".debug_info", SHT_PROGBITS, 0, std::string(mebibytes << 20U, 'x')});
    std::filesystem::create_directories(directory / "keys");
    std::ofstream(directory / "keys/key.pem") << support::test_key().certificate_pem();
    std::ofstream(directory / "module.ko", std::ios::binary)
        << support::sign_module(elf.build(), support::test_key());
    return 0;
}

template <class Value>
Value good(base::Result<Value> result) {
    if (!result)
        throw std::runtime_error(base::describe(result.error()));
    return *std::move(result);
}

// As a source that is a repository brings it.
base::SealedFile sealed(std::filesystem::path const& path) {
    base::UniqueFd const fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    auto writer = good(base::SealedFileWriter::create("module"));
    std::vector<std::byte> part(std::size_t{64} * 1024);
    for (;;) {
        auto const got = ::read(fd.get(), part.data(), part.size());
        if (got <= 0)
            break;
        if (!writer.append(std::span(part).first(static_cast<std::size_t>(got))))
            throw std::runtime_error("cannot write");
    }
    return good(std::move(writer).seal());
}

int time(std::filesystem::path const& directory) {
    trust::Verifier const verifier(trust::Keyring::load(directory / "keys"), release);
    auto const sha256 = trust::HashedModule(sealed(directory / "module.ko").bytes()).sha256();
    auto const began = Clock::now();
    auto file = sealed(directory / "module.ko");
    auto const there = Clock::now();
    auto const candidate = good(trust::Candidate::parse(std::move(file), "module.ko", sha256));
    if (good(verifier.check(candidate)).empty())
        throw std::runtime_error("signed by nobody");
    auto const end = Clock::now();
    using Milliseconds = std::chrono::duration<double, std::milli>;
    fmt::print(
        "{:.3f} {:.3f}\n", Milliseconds(end - there).count(), Milliseconds(end - began).count()
    );
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    std::string const mode = argc > 1 ? argv[1] : "";
    try {
        if (mode == "make" && argc == 4)
            return make(argv[2], std::stoul(argv[3]));
        if (mode == "time" && argc == 3)
            return time(argv[2]);
    } catch (std::exception const& error) {
        std::fprintf(stderr, "module-bench: %s\n", error.what()); // NOLINT
        return 1;
    }
    std::fputs("usage: module-bench make DIRECTORY MEBIBYTES | time DIRECTORY\n", stderr); // NOLINT
    return 2;
}
