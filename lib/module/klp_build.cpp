// The kernel's klp-build (include/linux/livepatch_external.h, scripts/livepatch/init.c) leaves in
// .init.klp_objects an array of
//   struct klp_object_ext { *name; *funcs; callbacks (5 words); unsigned nr_funcs }
// where no name means vmlinux, and for each object nr_funcs of
//   struct klp_func_ext { *old_name; *new_func; sympos }
// of which the code of the module makes the klp_patch at run time.
#include "module/patched_objects.hpp"
#include "module/pointers.hpp"

namespace livepatch::module {

namespace {

constexpr std::uint64_t object_size = 64;
constexpr std::uint64_t funcs_at = 8;
constexpr std::uint64_t count_at = 56;
constexpr std::uint64_t function_size = 24;
constexpr std::uint64_t sympos_at = 16;

std::size_t index_of(Elf const& elf, Section const& section) {
    return static_cast<std::size_t>(&section - elf.sections().data());
}

std::optional<std::string> object_name(Elf const& elf, Pointers const& objects, std::uint64_t at) {
    auto const target = objects.at(at);
    return target ? string_at(elf, *target) : std::optional<std::string>("vmlinux");
}

struct Functions {
    Section const* section = nullptr;
    std::size_t index = 0;
    Pointers pointers;
};

bool add_functions(
    Elf const& elf,
    Functions const& from,
    ObjectList& list,
    std::string_view object,
    Target start,
    std::uint64_t count
) {
    if (start.section != from.index || count > from.section->bytes.size() / function_size)
        return false;
    for (std::uint64_t i = 0; i < count; ++i) {
        auto const at = start.offset + i * function_size;
        auto const pointer = from.pointers.at(at);
        auto const name = pointer ? string_at(elf, *pointer) : std::nullopt;
        auto const sympos = load<std::uint64_t>(from.section->bytes, at + sympos_at);
        if (!name || !sympos || !list.add(object, {.name = *name, .sympos = *sympos}))
            return false;
    }
    return true;
}

std::optional<ObjectList>
read_objects(Elf const& elf, Section const& section, Functions const& functions) {
    auto const pointers = Pointers::of(elf, index_of(elf, section));
    if (!pointers || section.bytes.size() % object_size != 0)
        return std::nullopt;
    ObjectList list;
    for (std::uint64_t at = 0; at < section.bytes.size(); at += object_size) {
        auto const name = object_name(elf, *pointers, at);
        auto const start = pointers->at(at + funcs_at);
        auto const count = load<std::uint32_t>(section.bytes, at + count_at);
        if (!name || !start || !count ||
            !add_functions(elf, functions, list, *name, *start, *count))
            return std::nullopt;
    }
    return list;
}

} // namespace

std::optional<ObjectList> klp_build_objects(Elf const& elf) {
    auto const objects = elf.find(".init.klp_objects");
    auto const functions = elf.find(".init.klp_funcs");
    if (!objects || !functions || *objects == nullptr || *functions == nullptr)
        return std::nullopt;
    auto pointers = Pointers::of(elf, index_of(elf, **functions));
    if (!pointers)
        return std::nullopt;
    return read_objects(
        elf,
        **objects,
        {.section = *functions,
         .index = index_of(elf, **functions),
         .pointers = std::move(*pointers)}
    );
}

} // namespace livepatch::module
