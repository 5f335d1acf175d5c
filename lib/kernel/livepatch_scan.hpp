// One pass over /sys/kernel/livepatch and /sys/module, for LivepatchTree.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "kernel/livepatch_tree.hpp"
#include "kernel/ordinary_modules.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::kernel {

class LivepatchScan {
public:
    // Descriptors of the two directories, and what earlier scans have found out; they outlive this
    // one.
    LivepatchScan(int patches, int modules, OrdinaryModules& ordinary)
        : patches_(patches),
          modules_(modules),
          ordinary_(ordinary) {}

    base::Result<Observation> run();

    // Something vanished, appeared or changed meanwhile: what run() gave is no one moment's truth.
    bool moved() const { return moved_; }

private:
    std::vector<std::string> livepatch_modules();
    bool is_livepatch(char const* module, ino64_t directory, OrdinaryModules::Time now);
    std::vector<std::string> directories_in(int directory, std::size_t limit);
    void read_patch(std::string const& name);
    void read_without_directory(std::string const& name);
    void read_module(ObservedPatch& patch);
    void read_object(int directory, std::string const& name, ObservedPatch& patch);

    // The content without its newline; nothing when it cannot be read, and that is remembered.
    std::optional<std::string_view> required(int directory, char const* path);
    // The same of a file that not every kernel or module has, or not everybody may read.
    std::optional<std::string_view> optional(int directory, char const* path);
    std::optional<bool> flag(std::optional<std::string_view> text);
    std::optional<std::string_view> module_attribute(std::string_view name, char const* attribute);
    void remember(int os_error, std::string_view path);

    int patches_;
    int modules_;
    OrdinaryModules& ordinary_;
    bool moved_ = false;
    base::Result<void> failure_;
    std::string path_;
    std::array<char, 4096> buffer_{}; // what sysfs shows in a file is a page at most
    Observation seen_;
};

} // namespace livepatch::kernel
