#include "module/build_id.hpp"

#include "base/text.hpp"

#include <elf.h>

namespace livepatch::module {

namespace {

constexpr std::size_t longest = 64; // sha1 has 20; whatever is longer is none

std::uint64_t padded(std::uint64_t size) {
    return (size + 3) & ~std::uint64_t{3};
}

} // namespace

std::string build_id(Bytes notes) {
    std::uint64_t offset = 0;
    while (auto const header = load<Elf64_Nhdr>(notes, offset)) {
        auto const name_at = offset + sizeof(Elf64_Nhdr);
        auto const text_at = name_at + padded(header->n_namesz);
        auto const name = slice(notes, name_at, header->n_namesz);
        auto const text = slice(notes, text_at, header->n_descsz);
        if (!name || !text)
            return {};
        using namespace std::string_view_literals;
        bool const is_id = header->n_type == NT_GNU_BUILD_ID && as_text(*name) == "GNU\0"sv;
        if (is_id && !text->empty() && text->size() <= longest)
            return base::hex(*text);
        offset = text_at + padded(header->n_descsz);
    }
    return {};
}

} // namespace livepatch::module
