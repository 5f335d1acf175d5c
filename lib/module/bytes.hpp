// Reading numbers and strings out of bytes that may end anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace livepatch::module {

using Bytes = std::span<std::byte const>;

// The part of `size` bytes at `offset`, if all of it is there. Written so that no sum can overflow.
inline std::optional<Bytes> slice(Bytes bytes, std::uint64_t offset, std::uint64_t size) {
    if (offset > bytes.size() || size > bytes.size() - offset)
        return std::nullopt;
    return bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

// A structure of the file's byte order, which is this machine's (see Elf::parse).
template <class T>
std::optional<T> load(Bytes bytes, std::uint64_t offset) {
    static_assert(std::is_trivially_copyable_v<T>);
    auto const part = slice(bytes, offset, sizeof(T));
    if (!part)
        return std::nullopt;
    T value;
    std::memcpy(&value, part->data(), sizeof(T));
    return value;
}

inline std::string_view as_text(Bytes bytes) {
    // std::byte may be looked at as char ([basic.lval]).
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()}; // NOLINT
}

// Longer than any name a module has: the kernel's symbols end at 512 (KSYM_NAME_LEN). The limit
// keeps a table without NULs from being searched once more for each of its users.
inline constexpr std::size_t longest_string = 1024;

// The string that starts at `offset`, if it ends within the bytes and is not too long.
inline std::optional<std::string_view> c_string(Bytes bytes, std::uint64_t offset) {
    if (offset >= bytes.size())
        return std::nullopt;
    auto const rest = as_text(bytes).substr(static_cast<std::size_t>(offset), longest_string + 1);
    auto const end = rest.find('\0');
    if (end == std::string_view::npos)
        return std::nullopt;
    return rest.substr(0, end);
}

} // namespace livepatch::module
