#include "module/livepatch_module.hpp"

#include "module/appended_signature.hpp"
#include "module/build_id.hpp"
#include "module/elf.hpp"
#include "module/modinfo.hpp"
#include "module/patched_objects.hpp"
#include "module/refusal.hpp"
#include "module/symbol_versions.hpp"

#include <algorithm>
#include <utility>

namespace livepatch::module {

namespace {

// struct module {state; list; name…}: the same since 2.6, but a kernel with CONFIG_RANDSTRUCT puts
// it elsewhere.
constexpr std::uint64_t name_in_struct_module = 24;

// Loaded sections only: the kernel's find_sec passes over others of that name.
base::Result<Bytes> loaded_section(Elf const& elf, std::string_view name) {
    auto const section = elf.find(name);
    if (!section)
        return section.error();
    if (*section == nullptr || !(*section)->has(SHF_ALLOC) || (*section)->bytes.empty())
        return refusal("not a kernel module: no section '" + std::string(name) + "'");
    return (*section)->bytes;
}

// The kernel reports under modinfo's name but registers under the one in its struct module
// (kernel/module/main.c: setup_load_info, add_unformed_module). Both come from KBUILD_MODNAME; when
// they differ somebody edited the file, and we would look for the wrong directory in /sys.
base::Result<void> check_registered_name(Elf const& elf, std::string_view name) {
    auto const structure = loaded_section(elf, ".gnu.linkonce.this_module");
    if (!structure)
        return structure.error();
    auto const there = c_string(*structure, name_in_struct_module);
    if (there == name)
        return {};
    auto const terminated = std::string(name) + '\0';
    bool const elsewhere = as_text(*structure).find(terminated) != std::string_view::npos;
    if (elsewhere && !is_module_name(there.value_or("")))
        return {};
    return refusal(
        "ambiguous module: modinfo calls it '" + std::string(name) + "', its struct module not"
    );
}

// First word of vermagic. It becomes part of paths, so no more than what `uname -r` needs.
base::Result<std::string> release_of(std::string_view vermagic) {
    constexpr std::size_t longest = 64; // __NEW_UTS_LEN
    constexpr std::string_view extra = "._+~-";
    auto const release = vermagic.substr(0, vermagic.find(' '));
    bool const plain = std::all_of(release.begin(), release.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               extra.find(c) != std::string_view::npos;
    });
    if (release.empty() || release.size() > longest || release.front() == '.' || !plain)
        return refusal(
            "modinfo 'vermagic' names no kernel release: '" + std::string(vermagic) + "'"
        );
    return std::string(release);
}

base::Result<std::string> find_build_id(Elf const& elf) {
    // By name: it is what the loaded module will show in /sys/module/NAME/notes.
    auto const section = elf.find(".note.gnu.build-id");
    if (!section)
        return section.error();
    if (*section == nullptr || (*section)->type != SHT_NOTE)
        return std::string();
    return build_id((*section)->bytes);
}

base::Result<Modinfo> find_modinfo(Elf const& elf) {
    auto const section = loaded_section(elf, ".modinfo");
    if (!section)
        return section.error();
    auto info = parse_modinfo(*section);
    if (!info)
        return info;
    if (auto good = check_registered_name(elf, info->name); !good)
        return good.error();
    return info;
}

base::Result<LivepatchModule> describe(Elf const& elf) {
    auto info = find_modinfo(elf);
    if (!info)
        return info.error();
    auto release = release_of(info->vermagic);
    if (!release)
        return release.error();
    auto id = find_build_id(elf);
    if (!id)
        return id.error();
    auto versions = symbol_versions(elf);
    if (!versions)
        return versions.error();
    auto patched = patched_objects(elf, *release);
    LivepatchModule module;
    module.name = std::move(info->name);
    module.release = std::move(*release);
    module.vermagic = std::move(info->vermagic);
    module.license = std::move(info->license);
    module.version = std::move(info->version);
    module.srcversion = std::move(info->srcversion);
    module.build_id = std::move(*id);
    module.depends = std::move(info->depends);
    module.objects = std::move(patched.objects);
    module.replace = patched.replace;
    module.versions = std::move(*versions);
    return module;
}

base::Result<LivepatchModule> parse(Bytes file) {
    auto const part = without_signature(file);
    if (!part)
        return part.error();
    auto const elf = Elf::parse(*part);
    if (!elf)
        return elf.error();
    return describe(*elf);
}

} // namespace

base::Result<LivepatchModule>
parse_module(std::span<std::byte const> file, std::string_view subject) {
    auto parsed = parse(file);
    if (parsed)
        return std::move(*parsed);
    auto error = std::move(parsed).error();
    error.subject = subject;
    return error;
}

} // namespace livepatch::module
