#include "kernel/livepatch_scan.hpp"

#include "kernel/directory_entries.hpp"
#include "kernel/notes.hpp"
#include "kernel/small_file.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <unistd.h>
#include <utility>

namespace livepatch::kernel {

namespace {

// Far beyond what a kernel has; a bound on memory all the same.
constexpr std::size_t most_patches = 4'096;
constexpr std::size_t most_objects = 16'384;
constexpr std::size_t most_functions = 262'144;

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

// "NAME,SYMPOS"
ObservedFunction function(std::string_view entry) {
    auto const comma = entry.rfind(',');
    if (comma == std::string_view::npos)
        return {.name = std::string(entry)};
    return {
        .name = std::string(entry.substr(0, comma)),
        .sympos = number(entry.substr(comma + 1)).value_or(0),
    };
}

// The table of kernel states; 1/1 is also the first moment of a disable (kernel/livepatch/core.c:
// __klp_disable_patch clears `enabled` last), which nothing in sysfs tells apart.
base::PatchState state_of(bool coming, bool enabled, bool transition) {
    if (coming || (enabled && transition))
        return base::PatchState::enabling;
    if (enabled)
        return base::PatchState::enabled;
    return transition ? base::PatchState::disabling : base::PatchState::disabled;
}

} // namespace

base::Result<Observation> LivepatchScan::run() {
    // Modules first: a patch loaded after that has a directory when we come to it, and one whose
    // directory is gone by then is still found by its module.
    auto modules = livepatch_modules();
    auto const patches = directories_in(patches_, most_patches);
    for (auto const& name : patches)
        read_patch(name);
    std::erase_if(modules, [&](auto const& name) {
        return std::binary_search(patches.begin(), patches.end(), name);
    });
    for (auto const& name : modules)
        read_without_directory(name);
    if (!failure_)
        return failure_.error();
    auto by_name = [](auto const& a, auto const& b) { return a.name < b.name; };
    std::sort(seen_.patches.begin(), seen_.patches.end(), by_name);
    return std::move(seen_);
}

std::vector<std::string> LivepatchScan::livepatch_modules() {
    std::vector<std::string> names;
    std::vector<ino64_t> there;
    auto const now = std::chrono::steady_clock::now();
    int const failed = for_each_entry<32 * 1024>(modules_, [&](Entry entry) {
        there.push_back(entry.inode);
        if (names.size() < most_patches && is_livepatch(entry.name, entry.inode, now))
            names.emplace_back(entry.name);
    });
    remember(failed, "/sys/module");
    ordinary_.keep(std::move(there));
    return names;
}

bool LivepatchScan::is_livepatch(char const* module, ino64_t directory, OrdinaryModules::Time now) {
    if (ordinary_.contains(directory))
        return false;
    auto const taint = module_attribute(module, "taint");
    bool const is = taint && taint->find('K') != std::string_view::npos;
    if (is)
        ordinary_.remove(directory);
    else if (taint)
        ordinary_.add(directory);
    else
        ordinary_.add_without_flags(directory, now);
    return is;
}

std::vector<std::string> LivepatchScan::directories_in(int directory, std::size_t limit) {
    std::vector<std::string> names;
    int failed = for_each_entry(directory, [&](Entry entry) {
        if (entry.maybe_directory && names.size() <= limit)
            names.emplace_back(entry.name);
    });
    if (names.size() > limit)
        failed = E2BIG;
    remember(failed, "/sys/kernel/livepatch");
    std::sort(names.begin(), names.end());
    return names;
}

void LivepatchScan::read_patch(std::string const& name) {
    auto const directory = open_directory(patches_, name.c_str());
    if (!directory)
        return remember(errno, name);
    ObservedPatch patch{.name = name};
    // initstate before the rest: a 0/1 of a module that is coming is an enabling patch, and must
    // not be read together with the "live" of a moment later as a disabling one.
    bool const coming = module_attribute(name, "initstate") == "coming";
    auto const enabled = flag(required(directory.get(), "enabled"));
    patch.transition = flag(required(directory.get(), "transition")).value_or(false);
    patch.state = state_of(coming, enabled.value_or(false), patch.transition);
    patch.replace = flag(optional(directory.get(), "replace"));
    read_module(patch);
    for (auto const& object : directories_in(directory.get(), most_objects))
        read_object(directory.get(), object, patch);
    // The same before and after `transition`: then the two were true together.
    if (flag(required(directory.get(), "enabled")) != enabled)
        moved_ = true;
    seen_.patches.push_back(std::move(patch));
}

void LivepatchScan::read_without_directory(std::string const& name) {
    auto const initstate = module_attribute(name, "initstate");
    if (!initstate)
        return; // removed meanwhile
    bool const coming = *initstate == "coming";
    ObservedPatch patch{.name = name, .state = state_of(coming, false, false)};
    read_module(patch);
    patch.pinned = !coming && patch.refcount.value_or(0) >= 1;
    // Its directory came after we listed them.
    if (::faccessat(patches_, name.c_str(), F_OK, 0) == 0)
        moved_ = true;
    seen_.patches.push_back(std::move(patch));
}

void LivepatchScan::read_module(ObservedPatch& patch) {
    if (auto const refcount = module_attribute(patch.name, "refcnt"))
        patch.refcount = number(*refcount); // "-1" while the module is going
    if (auto const version = module_attribute(patch.name, "version"))
        patch.version = *version;
    path_.assign(patch.name).append("/notes/.note.gnu.build-id");
    // Not as text: the note may end with a newline of its own.
    if (auto const notes = read_at(modules_, path_.c_str(), buffer_))
        patch.build_id = build_id(notes.text);
}

void LivepatchScan::read_object(int at, std::string const& name, ObservedPatch& patch) {
    auto const directory = open_directory(at, name.c_str());
    if (!directory)
        return remember(errno, name);
    ObservedObject object{.name = name, .patched = flag(optional(directory.get(), "patched"))};
    for (auto const& entry : directories_in(directory.get(), most_functions))
        object.functions.push_back(function(entry));
    // No attribute, or no object any more? Those that a replaced patch brought along go when the
    // transition ends (kernel/livepatch/core.c: klp_free_objects_dynamic).
    if (!object.patched && ::faccessat(at, name.c_str(), F_OK, 0) != 0)
        moved_ = true;
    else
        patch.objects.push_back(std::move(object));
}

std::optional<std::string_view> LivepatchScan::required(int directory, char const* path) {
    auto const reading = read_at(directory, path, buffer_);
    if (reading)
        return without_newline(reading.text);
    remember(reading.os_error, path);
    return std::nullopt;
}

std::optional<std::string_view> LivepatchScan::optional(int directory, char const* path) {
    auto const reading = read_at(directory, path, buffer_);
    if (reading)
        return without_newline(reading.text);
    bool const absent = reading.os_error == ENOENT || reading.os_error == ENOTDIR ||
                        reading.os_error == EACCES || reading.os_error == EPERM;
    if (!absent)
        remember(reading.os_error, path);
    return std::nullopt;
}

std::optional<bool> LivepatchScan::flag(std::optional<std::string_view> text) {
    if (text == "0" || text == "1")
        return text == "1";
    if (text)
        moved_ = true;
    return std::nullopt;
}

std::optional<std::string_view>
LivepatchScan::module_attribute(std::string_view name, char const* attribute) {
    path_.assign(name).append("/").append(attribute);
    return optional(modules_, path_.c_str());
}

void LivepatchScan::remember(int os_error, std::string_view path) {
    if (vanished(os_error))
        moved_ = true;
    else if (os_error != 0 && failure_)
        failure_ =
            base::system_error("livepatches in /sys", "cannot read " + std::string(path), os_error);
}

} // namespace livepatch::kernel
