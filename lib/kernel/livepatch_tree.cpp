#include "kernel/livepatch_tree.hpp"

#include "kernel/livepatch_scan.hpp"
#include "kernel/small_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <utility>

namespace livepatch::kernel {

namespace {

// How often a scan is begun again because something moved under it. The kernel takes a patch's
// directory away in milliseconds, so that the second round is quiet but for chance.
constexpr int rounds = 4;

base::Error no_livepatching(std::string subject) {
    return {
        .code = base::Errc::unsupported,
        .subject = std::move(subject),
        .cause = "not there: this kernel is built without livepatching",
        .remedy = "boot a kernel with CONFIG_LIVEPATCH=y",
        .os_error = ENOENT,
    };
}

} // namespace

ObservedPatch const* Observation::find(std::string_view name) const {
    auto const found =
        std::find_if(patches.begin(), patches.end(), [&](auto const& p) { return p.name == name; });
    return found == patches.end() ? nullptr : &*found;
}

ObservedPatch const* Observation::transition() const {
    auto const found =
        std::find_if(patches.begin(), patches.end(), [](auto const& p) { return p.transition; });
    return found == patches.end() ? nullptr : &*found;
}

LivepatchTree::LivepatchTree(Root root) : root_(std::move(root)) {}

base::Result<Observation> LivepatchTree::observe() {
    auto const patches_path = root_.sys / "kernel/livepatch";
    auto const modules_path = root_.sys / "module";
    for (int round = 1;; ++round) {
        auto const patches = open_directory(AT_FDCWD, patches_path.c_str());
        if (!patches && errno == ENOENT)
            return no_livepatching(patches_path.string());
        if (!patches)
            return base::system_error(patches_path.string(), "cannot open", errno);
        auto const modules = open_directory(AT_FDCWD, modules_path.c_str());
        if (!modules)
            return base::system_error(modules_path.string(), "cannot open", errno);
        LivepatchScan scan(patches.get(), modules.get(), ordinary_);
        auto observation = scan.run();
        if (observation)
            observation->taint = taint();
        if (!scan.moved() || round == rounds)
            return observation;
    }
}

std::uint64_t LivepatchTree::taint() const {
    auto const path = root_.proc / "sys/kernel/tainted";
    std::array<char, 32> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
    auto const reading = read_at(AT_FDCWD, path.c_str(), buffer);
    std::uint64_t bits = 0;
    if (reading)
        std::from_chars(reading.text.data(), reading.text.data() + reading.text.size(), bits);
    return bits;
}

std::optional<bool> LivepatchTree::in_transition(std::string const& patch) const {
    auto const path = root_.sys / "kernel/livepatch" / patch / "transition";
    std::array<char, 8> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
    auto const reading = read_at(AT_FDCWD, path.c_str(), buffer);
    return reading ? std::optional(without_newline(reading.text) == "1") : std::nullopt;
}

} // namespace livepatch::kernel
