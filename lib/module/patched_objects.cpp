#include "module/patched_objects.hpp"

#include "module/static_patch.hpp"

#include <algorithm>
#include <utility>

namespace livepatch::module {

namespace {

constexpr std::uint64_t livepatch_relocations = 0x00100000; // SHF_RELA_LIVEPATCH, linux/elf.h
constexpr std::size_t longest_object = 55;                  // MODULE_NAME_LEN - 1
constexpr std::size_t longest_function = 511;               // KSYM_NAME_LEN - 1
constexpr std::size_t most_objects = 1024;
constexpr std::size_t most_functions = std::size_t{16} * 1024;

bool consists_of(std::string_view name, std::string_view extra) {
    return std::all_of(name.begin(), name.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               extra.find(c) != std::string_view::npos;
    });
}

// ".klp.rela.OBJECT.SECTION": relocations against symbols of OBJECT that are not exported
// (kernel/livepatch/core.c: klp_apply_section_relocs).
std::optional<std::string_view> relocated_object(Section const& section) {
    constexpr std::string_view prefix = ".klp.rela.";
    if (!section.has(livepatch_relocations) || !section.name.starts_with(prefix))
        return std::nullopt;
    auto const rest = section.name.substr(prefix.size());
    return rest.substr(0, rest.find('.'));
}

} // namespace

bool is_object_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_object && consists_of(name, "_-");
}

bool is_function_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_function && consists_of(name, "_.$");
}

Object& ObjectList::object(std::string_view name) {
    auto const known = std::find_if(objects_.begin(), objects_.end(), [&](Object const& object) {
        return object.name == name;
    });
    if (known != objects_.end())
        return *known;
    return objects_.emplace_back(Object{.name = std::string(name), .functions = {}});
}

bool ObjectList::add(std::string_view object, Function function) {
    if (!is_object_name(object) || !is_function_name(function.name))
        return false;
    this->object(object).functions.push_back(std::move(function));
    return ++functions_ <= most_functions && objects_.size() <= most_objects;
}

PatchedObjects patched_objects(Elf const& elf, std::string_view release) {
    StaticPatch found;
    if (auto list = kpatch_build_objects(elf))
        found.objects = std::move(*list);
    else if (auto other = klp_build_objects(elf))
        found.objects = std::move(*other);
    else if (auto patch = find_static_patch(elf, release))
        found = std::move(*patch);
    for (auto const& section : elf.sections()) {
        auto const name = relocated_object(section);
        if (name && is_object_name(*name) && found.objects.objects().size() < most_objects)
            found.objects.object(*name);
    }
    return {.objects = found.objects.objects(), .replace = found.replace};
}

} // namespace livepatch::module
