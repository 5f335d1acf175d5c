#include "module/modinfo.hpp"

#include "base/text.hpp"
#include "module/refusal.hpp"

#include <algorithm>

namespace livepatch::module {

namespace {

constexpr std::size_t longest_name = 55;
constexpr std::size_t longest_value = 4096;
constexpr std::size_t longest_section = std::size_t{1024} * 1024; // big drivers have some 20 KiB

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// What the file says for one key. Of several, get_modinfo in the kernel takes the first.
struct Values {
    std::string_view first;
    std::size_t count = 0;
};

Values values(Bytes section, std::string_view key) {
    Values found;
    auto rest = as_text(section);
    while (!rest.empty()) {
        auto const line = rest.substr(0, rest.find('\0'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (!line.starts_with(key) || !line.substr(key.size()).starts_with('='))
            continue;
        if (found.count++ == 0)
            found.first = line.substr(key.size() + 1);
    }
    return found;
}

base::Result<std::string> checked(std::string_view key, std::string_view value) {
    if (value.size() > longest_value || base::escaped(value) != value)
        return refusal("modinfo '" + std::string(key) + "' is too long or not plain text");
    return std::string(value);
}

base::Result<std::string> required(Bytes section, std::string_view key, std::string_view missing) {
    auto const found = values(section, key);
    if (found.count == 0)
        return refusal(std::string(missing));
    if (found.count > 1)
        return refusal("ambiguous module: more than one modinfo '" + std::string(key) + "'");
    return checked(key, found.first);
}

base::Result<std::string> optional(Bytes section, std::string_view key) {
    return checked(key, values(section, key).first);
}

base::Result<std::vector<std::string>> parse_depends(std::string_view list) {
    std::vector<std::string> names;
    for (auto const part : base::split(list, ',')) {
        if (part.empty())
            continue;
        std::string name(part);
        // modpost writes file names; the kernel calls "snd-pcm" snd_pcm.
        std::replace(name.begin(), name.end(), '-', '_');
        if (!is_module_name(name))
            return refusal("modinfo 'depends' names no module: '" + name + "'");
        names.push_back(std::move(name));
    }
    return names;
}

// The kernel's own string ends with one (include/linux/vermagic.h), its tools show it without.
std::string without_trailing_blanks(std::string text) {
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

base::Result<void> check_mark(Bytes section) {
    auto const mark = required(
        section, "livepatch", "not a livepatch: module without the modinfo mark livepatch=Y"
    );
    if (!mark)
        return mark.error();
    // To the kernel any value is a mark. Nobody writes another, and "N" would mislead people.
    if (*mark != "Y")
        return refusal("not a livepatch: modinfo 'livepatch' is '" + *mark + "'");
    return {};
}

} // namespace

bool is_module_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_name &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return is_alphanumeric(c) || c == '_';
           });
}

base::Result<Modinfo> parse_modinfo(Bytes section) {
    if (section.empty() || section.back() != std::byte{0})
        return refusal("damaged module: .modinfo is empty or has no end");
    if (section.size() > longest_section)
        return refusal("damaged module: .modinfo of " + std::to_string(section.size()) + " bytes");
    if (auto good = check_mark(section); !good)
        return good.error();
    auto name = required(section, "name", "not a livepatch: modinfo has no 'name'");
    if (!name)
        return name.error();
    if (!is_module_name(*name))
        return refusal("modinfo 'name' is no name for a module: '" + *name + "'");
    auto vermagic = required(section, "vermagic", "not a livepatch: modinfo has no 'vermagic'");
    if (!vermagic)
        return vermagic.error();
    auto license = optional(section, "license");
    auto version = optional(section, "version");
    auto srcversion = optional(section, "srcversion");
    auto list = optional(section, "depends");
    for (auto const* text : {&license, &version, &srcversion, &list})
        if (text->has_error())
            return text->error();
    auto depends = parse_depends(*list);
    if (!depends)
        return depends.error();
    return Modinfo{
        .name = std::move(*name),
        .vermagic = without_trailing_blanks(std::move(*vermagic)),
        .license = std::move(*license),
        .version = std::move(*version),
        .srcversion = std::move(*srcversion),
        .depends = std::move(*depends),
    };
}

} // namespace livepatch::module
