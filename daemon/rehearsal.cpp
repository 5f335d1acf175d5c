#include "rehearsal.hpp"

#include "base/directory.hpp"
#include "base/unique_fd.hpp"
#include "module/livepatch_module.hpp"
#include "module/unpack.hpp"
#include "trust/candidate.hpp"
#include "trust/keyring.hpp"
#include "trust/verifier.hpp"

#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <future>
#include <memory>
#include <utility>
#include <vector>

namespace livepatch::daemon {

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> modules_of(fs::path const& directory) {
    std::vector<fs::path> modules;
    if (auto const names = base::list_directory(directory))
        for (auto const& name : *names)
            if (name.ends_with(".ko"))
                modules.push_back(directory / name);
    return modules;
}

base::UniqueFd open_module(fs::path const& path) {
    return base::UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
}

void verify_first(fs::path const& store, fs::path const& key_directory) {
    auto keys = trust::Keyring::load(key_directory);
    auto const modules = modules_of(store);
    if (modules.empty())
        return;
    auto const file = open_module(modules.front());
    auto const candidate = trust::Candidate::read(file.get(), modules.front());
    if (candidate)
        (void)trust::Verifier(std::move(keys), candidate->module().release).check(*candidate);
}

void compare_one(fs::path const& path, repository::RunningKernel& kernel) {
    auto const file = open_module(path);
    auto const bytes = module::unpack(file.get(), path);
    if (!bytes)
        return;
    auto const module = module::parse_module(bytes->bytes(), path.string());
    if (module && module->release == kernel.release())
        (void)kernel.symbols().check(module->versions, path.string());
}

// What goes wrong is met again, and said, when it counts.
void compare_all(fs::path const& store, repository::RunningKernel& kernel) {
    try {
        for (auto const& path : modules_of(store))
            compare_one(path, kernel);
    } catch (std::exception const&) { // NOLINT(bugprone-empty-catch)
    }
}

} // namespace

std::jthread rehearse_verification(Surroundings const& surroundings) {
    return std::jthread([store = surroundings.stored_modules(), keys = surroundings.keys()] {
        try {
            verify_first(store, keys);
        } catch (std::exception const&) { // NOLINT(bugprone-empty-catch): it will be met again
        }
    });
}

repository::ComingKernel
kernel_compared(Surroundings const& surroundings, kernel::Identity const& identity) {
    auto const compared = [identity,
                           store = surroundings.stored_modules(),
                           root = surroundings.root] {
        auto kernel =
            std::make_shared<repository::RunningKernel>(identity.release, identity.build_id, root);
        compare_all(store, *kernel);
        return kernel;
    };
    return std::async(std::launch::async, compared).share();
}

} // namespace livepatch::daemon
