#include "module/static_patch.hpp"

#include "module/static_patch_call.hpp"
#include "module/variables.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>
#include <vector>

namespace livepatch::module {

namespace {

// Members of include/linux/livepatch.h that a module fills in; the kernel's own follow and are 0 in
// the file. How large they are depends on the kernel's configuration, so the size of an array's
// entries is found from the distance of its pointers.
constexpr std::uint64_t patch_mod = 0;
constexpr std::uint64_t patch_objs = 8;
constexpr std::uint64_t patch_states = 16;
constexpr std::uint64_t patch_replace = 24;
constexpr std::uint64_t patch_internal = 32;
constexpr std::uint64_t object_name = 0;
constexpr std::uint64_t object_funcs = 8;
constexpr std::uint64_t object_callbacks = 16; // four of them
constexpr std::uint64_t object_internal = 48;
constexpr std::uint64_t func_old_name = 0;
constexpr std::uint64_t func_new_func = 8;
constexpr std::uint64_t func_old_sympos = 16;
constexpr std::uint64_t func_internal = 24;

constexpr std::uint64_t most_objects = 256;

// The entries of an array up to the empty one at its end: each has one pointer of kind `anchor` at
// offset `at`, and `stride` is their distance. Nothing when it is not so.
struct Entries {
    std::uint64_t count = 0;
    std::uint64_t stride = 0;
};

std::optional<Entries> entries_of(
    Elf const& elf, Variable const& array, Kind anchor, std::uint64_t at, std::uint64_t least
) {
    std::vector<std::uint64_t> places;
    for (auto const& pointer : array.pointers)
        if (kind_of(elf, pointer.target) == anchor)
            places.push_back(pointer.at);
    if (places.empty() || places.front() != at)
        return std::nullopt;
    auto const stride = places.size() > 1 ? places[1] - places[0] : array.bytes.size() / 2;
    for (std::size_t i = 0; i < places.size(); ++i)
        if (places[i] != at + i * stride)
            return std::nullopt;
    bool const ends_empty = (places.size() + 1) * stride <= array.bytes.size();
    if (stride < least || stride % 8 != 0 || !ends_empty)
        return std::nullopt;
    return Entries{.count = places.size(), .stride = stride};
}

bool is_zero(Bytes bytes, std::uint64_t offset, std::uint64_t size) {
    auto const part = slice(bytes, offset, size);
    return part &&
           std::all_of(part->begin(), part->end(), [](auto byte) { return byte == std::byte{0}; });
}

class Reader {
public:
    Reader(Elf const& elf, Variables const& variables) : elf_(elf), variables_(variables) {}

    // `patch` as far as the file has it: no pointers, and no bytes, but the ones we know.
    bool read_patch(Variable const& patch, Target const& objs) {
        for (auto const& pointer : patch.pointers)
            if (pointer.at != patch_mod && pointer.at != patch_objs && pointer.at != patch_states)
                return false;
        // A kernel from before the states (5.5) has `replace` in their place.
        if (patch.bytes.size() < patch_internal || !is_zero(patch.bytes, 0, patch_replace) ||
            !is_zero(patch.bytes, patch_replace + 1, patch.bytes.size() - patch_replace - 1))
            return false;
        auto const array = variables_.at(elf_, objs);
        return array && read_objects(*array);
    }

    ObjectList list;

private:
    bool read_objects(Variable const& array) {
        auto const entries = entries_of(elf_, array, Kind::data, object_funcs, object_internal);
        if (!entries || entries->count > most_objects ||
            !is_zero(array.bytes, 0, array.bytes.size()))
            return false;
        std::vector<std::string> names(entries->count, "vmlinux");
        std::vector<Target> functions(entries->count);
        for (auto const& pointer : array.pointers) {
            auto const index = pointer.at / entries->stride;
            auto const member = pointer.at % entries->stride;
            auto const kind = kind_of(elf_, pointer.target);
            if (index >= entries->count || !is_object_member(member, kind))
                return false;
            if (member == object_funcs)
                functions[index] = pointer.target;
            if (member == object_name) {
                auto name = string_at(elf_, pointer.target);
                if (!name)
                    return false;
                names[index] = std::move(*name);
            }
        }
        for (std::size_t i = 0; i < entries->count; ++i)
            if (!read_functions(names[i], functions[i]))
                return false;
        return true;
    }

    static bool is_object_member(std::uint64_t member, Kind kind) {
        return (member == object_name && kind == Kind::constant) ||
               (member == object_funcs && kind == Kind::data) ||
               (member >= object_callbacks && member < object_internal && kind == Kind::code);
    }

    bool read_functions(std::string const& object, Target const& funcs) {
        auto const array = variables_.at(elf_, funcs);
        if (!array)
            return false;
        auto const entries = entries_of(elf_, *array, Kind::constant, func_old_name, func_internal);
        if (!entries || array->pointers.size() != 2 * entries->count)
            return false;
        for (std::uint64_t i = 0; i < entries->count; ++i)
            if (!read_function(object, *array, i, entries->stride))
                return false;
        auto const used = entries->count * entries->stride;
        return is_zero(array->bytes, used, array->bytes.size() - used);
    }

    bool read_function(
        std::string const& object, Variable const& array, std::uint64_t index, std::uint64_t stride
    ) {
        auto const start = index * stride;
        auto const& old_name = array.pointers[2 * index];
        auto const& new_func = array.pointers[2 * index + 1];
        if (old_name.at != start + func_old_name || new_func.at != start + func_new_func ||
            kind_of(elf_, new_func.target) != Kind::code)
            return false;
        auto name = string_at(elf_, old_name.target);
        auto const sympos = load<std::uint64_t>(array.bytes, start + func_old_sympos);
        if (!name || !sympos || !is_zero(array.bytes, start, func_old_sympos) ||
            !is_zero(array.bytes, start + func_internal, stride - func_internal))
            return false;
        return list.add(object, {.name = std::move(*name), .sympos = *sympos});
    }

    Elf const& elf_;
    Variables const& variables_;
};

struct Found {
    Target place;
    Target objs;
};

// Whatever starts with THIS_MODULE and a pointer to data. More than one: nothing can be said.
std::optional<Found> find_one(Elf const& elf, Variables const& variables) {
    auto const this_module = elf.find(".gnu.linkonce.this_module");
    if (!this_module || *this_module == nullptr)
        return std::nullopt;
    std::optional<Found> found;
    for (auto const& [section, pointers] : variables.pointers()) {
        for (auto const& pointer : pointers.within(0, UINT64_MAX)) {
            if (&elf.sections()[pointer.target.section] != *this_module ||
                pointer.target.offset != 0)
                continue;
            auto const objs = pointers.at(pointer.at + patch_objs);
            if (!objs || kind_of(elf, *objs) != Kind::data)
                continue;
            if (found)
                return std::nullopt;
            found = Found{
                .place = {.section = section, .offset = pointer.at, .symbol = {}}, .objs = *objs};
        }
    }
    return found;
}

// The kernels whose struct klp_patch has `replace` where we look for it. In 5.1 to 5.4 it stands
// where the states are since, which read_patch() requires to be 0, so that "no" is right there,
// too. Newer ones than we have seen may give the place another meaning.
bool has_known_layout(std::string_view release) {
    unsigned version = 0;
    unsigned patchlevel = 0;
    auto const* const end = release.data() + release.size();
    auto const [dot, bad_version] = std::from_chars(release.data(), end, version);
    if (bad_version != std::errc() || dot == end || *dot != '.' ||
        std::from_chars(dot + 1, end, patchlevel).ec != std::errc())
        return false;
    auto const number = std::tuple(version, patchlevel);
    return number >= std::tuple(5U, 1U) && number <= std::tuple(7U, 2U);
}

} // namespace

std::optional<StaticPatch> find_static_patch(Elf const& elf, std::string_view release) {
    auto const variables = Variables::of(elf);
    if (!variables)
        return std::nullopt;
    auto const found = find_one(elf, *variables);
    if (!found)
        return std::nullopt;
    auto const patch = variables->at(elf, found->place);
    Reader reader(elf, *variables);
    if (!patch || !reader.read_patch(*patch, found->objs))
        return std::nullopt;
    StaticPatch result{.objects = std::move(reader.list), .replace = Replace::unknown};
    auto const replace = std::to_integer<unsigned>(patch->bytes[patch_replace]);
    if (replace <= 1 && has_known_layout(release) && enabled_as_it_is(elf, patch->extent))
        result.replace = replace == 1 ? Replace::yes : Replace::no;
    return result;
}

} // namespace livepatch::module
