// The initialised variables of a module, as its symbols and relocations tell of them.
#pragma once

#include "module/elf.hpp"
#include "module/pointers.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace livepatch::module {

// What lies behind a pointer, by the kind of section.
enum class Kind { code, data, constant, unknown };

Kind kind_of(Elf const& elf, Target const& target);

// `size` bytes at `offset` of a section.
struct Extent {
    std::size_t section = 0;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

// One variable with what it holds.
struct Variable {
    Extent extent;
    Bytes bytes;
    std::vector<Pointer> pointers; // their offsets are from its start
};

class Variables {
public:
    // Nothing when a section of variables has relocations that are no pointers: then nothing can be
    // said about any, not even that it is not there.
    static std::optional<Variables> of(Elf const& elf);

    // All pointers in sections of variables, by section.
    std::vector<std::pair<std::size_t, Pointers>> const& pointers() const { return pointers_; }

    // The one variable that starts there, if it is in the file and of a sane size.
    std::optional<Variable> at(Elf const& elf, Target const& target) const;

private:
    Pointers const* pointers_of(std::size_t section) const;
    void read_symbols(Elf const& elf);

    static std::tuple<std::size_t, std::uint64_t> place(Extent const& extent) {
        return {extent.section, extent.offset};
    }

    std::vector<std::pair<std::size_t, Pointers>> pointers_;
    std::vector<Extent> extents_; // by place
};

} // namespace livepatch::module
