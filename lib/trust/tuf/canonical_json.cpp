#include "trust/tuf/canonical_json.hpp"

#include <cstdint>
#include <string_view>

namespace livepatch::trust::tuf {

namespace {

using nlohmann::json;

void write(json const& value, std::string& out);

void write_string(std::string_view text, std::string& out) {
    out += '"';
    for (char const c : text) {
        if (c == '"' || c == '\\')
            out += '\\';
        out += c;
    }
    out += '"';
}

// A map of std::string sorts by bytes, which in UTF-8 is by code points.
void write_object(json::object_t const& members, std::string& out) {
    char separator = '{';
    for (auto const& [name, value] : members) {
        out += separator;
        write_string(name, out);
        out += ':';
        write(value, out);
        separator = ',';
    }
    out += members.empty() ? "{}" : "}";
}

void write_array(json::array_t const& elements, std::string& out) {
    char separator = '[';
    for (auto const& value : elements) {
        out += separator;
        write(value, out);
        separator = ',';
    }
    out += elements.empty() ? "[]" : "]";
}

void write(json const& value, std::string& out) {
    if (auto const* members = value.get_ptr<json::object_t const*>())
        write_object(*members, out);
    else if (auto const* elements = value.get_ptr<json::array_t const*>())
        write_array(*elements, out);
    else if (auto const* text = value.get_ptr<json::string_t const*>())
        write_string(*text, out);
    else if (value.is_number_unsigned())
        out += std::to_string(value.get<std::uint64_t>());
    else if (value.is_number_integer())
        out += std::to_string(value.get<std::int64_t>());
    else if (value.is_boolean())
        out += value.get<bool>() ? "true" : "false";
    else
        out += "null";
}

} // namespace

std::string canonical_json(json const& value) {
    std::string out;
    write(value, out);
    return out;
}

} // namespace livepatch::trust::tuf
