#include "module/symbol_versions.hpp"

#include "module/appended_signature.hpp"
#include "module/build_id.hpp"
#include "module/bytes.hpp"
#include "module/refusal.hpp"

#include <utility>

namespace livepatch::module {

namespace {

constexpr std::size_t entry_size = 64;
constexpr std::size_t name_at = sizeof(std::uint64_t);
constexpr std::size_t most_entries = 16 * 1024; // the largest modules import some hundred

base::Result<BuiltAgainst> parse(Bytes file) {
    auto const part = without_signature(file);
    if (!part)
        return part.error();
    auto const elf = Elf::parse(*part);
    if (!elf)
        return elf.error();
    auto versions = symbol_versions(*elf);
    if (!versions)
        return versions.error();
    auto const notes = elf->find(".note.gnu.build-id");
    if (!notes)
        return notes.error();
    return BuiltAgainst{
        .build_id = *notes == nullptr ? std::string() : build_id((*notes)->bytes),
        .versions = std::move(*versions)};
}

} // namespace

base::Result<std::vector<SymbolVersion>> symbol_versions(Elf const& elf) {
    auto const section = elf.find("__versions");
    if (!section)
        return section.error();
    std::vector<SymbolVersion> versions;
    if (*section == nullptr)
        return versions;
    auto const bytes = (*section)->bytes;
    if (bytes.size() % entry_size != 0 || bytes.size() / entry_size > most_entries)
        return refusal("damaged module: '__versions' is cut off, or has too many entries");
    for (std::size_t at = 0; at < bytes.size(); at += entry_size) {
        auto const entry = bytes.subspan(at, entry_size);
        auto const name = c_string(entry, name_at);
        if (!name || name->empty())
            return refusal("damaged module: '__versions' has an entry without a name");
        versions.push_back({.symbol = std::string(*name), .crc = *load<std::uint64_t>(entry, 0)});
    }
    return versions;
}

base::Result<BuiltAgainst>
built_against(std::span<std::byte const> file, std::string_view subject) {
    auto parsed = parse(file);
    if (parsed)
        return parsed;
    auto error = std::move(parsed).error();
    error.subject = subject;
    return error;
}

} // namespace livepatch::module
