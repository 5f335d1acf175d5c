#include "repository/kernel_symbols.hpp"

#include "base/directory.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "kernel/notes.hpp"
#include "module/symbol_versions.hpp"
#include "module/unpack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fcntl.h>
#include <utility>

namespace livepatch::repository {

namespace {

namespace fs = std::filesystem;

// One tells most; more only fill gaps.
constexpr std::size_t most_files = 16;
constexpr std::size_t longest_list = std::size_t{16} * 1024 * 1024; // Debian's has 0.6 MB
constexpr std::size_t longest_module = std::size_t{4} * 1024 * 1024;
constexpr std::string_view layout = "module_layout";

// "kernel/fs/ext4/ext4.ko.xz" is ext4.
std::string module_name(std::string_view path) {
    auto name = path.substr(path.rfind('/') + 1);
    name = name.substr(0, name.find(".ko"));
    std::string plain(name);
    std::replace(plain.begin(), plain.end(), '-', '_');
    return plain;
}

std::string loaded_build_id(kernel::Root const& root, std::string const& name) {
    auto const notes =
        base::read_file(root.sys / "module" / name / "notes/.note.gnu.build-id", 4096);
    return notes ? kernel::build_id(*notes) : std::string();
}

base::Result<module::BuiltAgainst> read_module(fs::path const& path) {
    base::UniqueFd const fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    auto const file = module::unpack(fd.get(), path.string(), longest_module);
    if (!file)
        return file.error();
    return module::built_against(file->bytes(), path.string());
}

base::Error wrong(std::string_view subject, std::string cause) {
    return {
        .code = base::Errc::wrong_kernel,
        .subject = std::string(subject),
        .cause = std::move(cause),
        .remedy = "use one that was built against this very kernel"};
}

} // namespace

KernelSymbols::KernelSymbols(kernel::Root root, std::string release)
    : root_(std::move(root)),
      release_(std::move(release)) {}

// Files of modules that are loaded, as depmod lists them.
std::vector<fs::path> KernelSymbols::proven_files() const {
    auto const directory = root_.modules / release_;
    auto const list = base::read_file(directory / "modules.dep", longest_list);
    auto const loaded = base::list_directory(root_.sys / "module");
    std::vector<fs::path> files;
    if (!list || !loaded)
        return files;
    for (auto const line : base::split(*list, '\n')) {
        auto const path = line.substr(0, line.find(':'));
        // A builtin module has a directory, too, but nobody lists a file for it.
        if (!path.empty() && std::binary_search(loaded->begin(), loaded->end(), module_name(path)))
            files.push_back(directory / path); // an absolute one stands for itself
    }
    return files;
}

bool KernelSymbols::learn_from(fs::path const& file) {
    auto const there = loaded_build_id(root_, module_name(file.native()));
    if (there.empty())
        return false;
    auto const built = read_module(file);
    if (!built || built->build_id != there || built->versions.empty())
        return false; // of another build of this kernel, say: an upgrade that waits for the reboot
    for (auto const& version : built->versions)
        if (auto const asked = known_.find(version.symbol); asked != known_.end())
            asked->second = version.crc;
    return true;
}

void KernelSymbols::learn(std::vector<module::SymbolVersion> const& versions) {
    bool news = known_.try_emplace(std::string(layout)).second;
    for (auto const& version : versions)
        news = known_.try_emplace(version.symbol).second || news;
    if (!news)
        return;
    std::size_t read = 0;
    for (auto const& file : proven_files()) {
        if (learn_from(file))
            ++read;
        bool const all = std::all_of(known_.begin(), known_.end(), [](auto const& symbol) {
            return symbol.second.has_value();
        });
        if (all || read == most_files)
            return;
    }
}

base::Result<void>
KernelSymbols::check(std::vector<module::SymbolVersion> const& versions, std::string_view subject) {
    learn(versions);
    // The kernel would load it and be tainted by it (CONFIG_MODULE_FORCE_LOAD), or refuse it.
    if (versions.empty() && known_.find(layout)->second)
        return wrong(subject, "carries no symbol versions, as all modules of this kernel do");
    for (auto const& version : versions) {
        auto const known = known_.find(version.symbol)->second;
        if (known && *known != version.crc)
            return wrong(
                subject,
                fmt::format(
                    "built against another interface of the kernel: {} has the checksum {:08x} "
                    "there, {:08x} in the running kernel",
                    version.symbol,
                    version.crc,
                    *known
                )
            );
    }
    return {};
}

} // namespace livepatch::repository
