// kpatch-build (dynup/kpatch, kmod/patch/kpatch-patch.h) describes each patched function by a
//   struct kpatch_patch_func { new_addr, new_size, old_addr, old_size, sympos, *name, *objname }
// of seven 64-bit words in .kpatch.funcs; the code of the module makes the klp_patch of it at run
// time, so the array is what will be patched.
#include "module/patched_objects.hpp"
#include "module/pointers.hpp"

namespace livepatch::module {

namespace {

constexpr std::uint64_t entry_size = 56;
constexpr std::uint64_t sympos_at = 32;
constexpr std::uint64_t name_at = 40;
constexpr std::uint64_t object_at = 48;

std::optional<std::string>
name_at_pointer(Elf const& elf, Pointers const& pointers, std::uint64_t at) {
    auto const target = pointers.at(at);
    return target ? string_at(elf, *target) : std::nullopt;
}

} // namespace

std::optional<ObjectList> kpatch_build_objects(Elf const& elf) {
    auto const section = elf.find(".kpatch.funcs");
    if (!section || *section == nullptr || (*section)->bytes.size() % entry_size != 0)
        return std::nullopt;
    auto const index = static_cast<std::size_t>(*section - elf.sections().data());
    auto const pointers = Pointers::of(elf, index);
    if (!pointers)
        return std::nullopt;
    ObjectList list;
    auto const& bytes = (*section)->bytes;
    for (std::uint64_t at = 0; at < bytes.size(); at += entry_size) {
        auto const name = name_at_pointer(elf, *pointers, at + name_at);
        auto const object = name_at_pointer(elf, *pointers, at + object_at);
        auto const sympos = load<std::uint64_t>(bytes, at + sympos_at);
        if (!name || !object || !sympos || !list.add(*object, {.name = *name, .sympos = *sympos}))
            return std::nullopt;
    }
    return list;
}

} // namespace livepatch::module
