#include "trust/tuf/memory.hpp"

#include "base/strict_json.hpp"
#include "base/text.hpp"

namespace livepatch::trust::tuf {

namespace {

using nlohmann::json;

json text_of(std::optional<Time> time) {
    return time ? json(base::rfc3339(*time)) : json();
}

std::string text_in(json const& object, char const* key) {
    auto const found = object.find(key);
    if (found == object.end() || !found->is_string())
        return {};
    return found->get<std::string>();
}

} // namespace

std::string to_json(Memory const& memory) {
    json const object{
        {"anchor_sha256", memory.anchor_sha256},
        {"last_ok", text_of(memory.last_ok)},
        {"latest_known_time", text_of(memory.latest_known)}};
    return object.dump(2) + '\n';
}

Memory memory_from_json(std::string_view text) {
    auto const object = base::parse_strict_json(text, "state.json");
    if (!object || !object->is_object())
        return {};
    return {
        .anchor_sha256 = text_in(*object, "anchor_sha256"),
        .last_ok = parse_time(text_in(*object, "last_ok")),
        .latest_known = parse_time(text_in(*object, "latest_known_time"))};
}

} // namespace livepatch::trust::tuf
