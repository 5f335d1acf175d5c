// What the pointers in a section will point to once the module is loaded: its relocations.
#pragma once

#include "module/elf.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::module {

// A place in a section, or a symbol that some other module or the kernel defines.
struct Target {
    std::size_t section = 0; // index; 0 for a symbol defined elsewhere
    std::uint64_t offset = 0;
    std::string_view symbol; // its name, when it has one

    friend bool operator==(Target const& a, Target const& b) {
        return a.section == b.section && a.offset == b.offset && a.symbol == b.symbol;
    }
};

struct Pointer {
    std::uint64_t at = 0; // offset in the section
    Target target;
};

// The pointers of one section, in the order of their offsets.
class Pointers {
public:
    // Nothing when the section is relocated by anything else than whole pointers, twice at one
    // place, or more often than is worth looking at: then nothing can be said about it.
    static std::optional<Pointers> of(Elf const& elf, std::size_t section);

    std::optional<Target> at(std::uint64_t offset) const;

    // Those in [begin, end).
    std::span<Pointer const> within(std::uint64_t begin, std::uint64_t end) const;

private:
    std::vector<Pointer> pointers_;
};

// The string a pointer points to: plain text of a loaded section that is not code.
std::optional<std::string> string_at(Elf const& elf, Target const& target);

} // namespace livepatch::module
