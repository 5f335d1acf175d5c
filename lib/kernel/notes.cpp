#include "kernel/notes.hpp"

#include "base/text.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <span>

namespace livepatch::kernel {

namespace {

constexpr std::size_t aligned(std::uint32_t size) {
    return (std::size_t{size} + 3) & ~std::size_t{3};
}

} // namespace

std::string build_id(std::string_view notes) {
    Elf64_Nhdr header{};
    while (notes.size() >= sizeof header) {
        std::memcpy(&header, notes.data(), sizeof header);
        notes.remove_prefix(sizeof header);
        auto const name_size = aligned(header.n_namesz);
        if (notes.size() < name_size || notes.size() - name_size < header.n_descsz)
            return {};
        auto const name = notes.substr(0, header.n_namesz);
        auto const description = notes.substr(name_size, header.n_descsz);
        if (header.n_type == NT_GNU_BUILD_ID && name == std::string_view("GNU\0", 4))
            return base::hex(std::as_bytes(std::span(description)));
        auto const size = name_size + aligned(header.n_descsz);
        if (notes.size() < size)
            return {};
        notes.remove_prefix(size);
    }
    return {};
}

} // namespace livepatch::kernel
