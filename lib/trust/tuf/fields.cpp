#include "trust/tuf/fields.hpp"

#include "trust/tuf/limits.hpp"

#include <utility>

namespace livepatch::trust::tuf {

namespace {

using nlohmann::json;

json const& nothing() {
    static json const value;
    return value;
}

json const& empty_object() {
    static json const value = json::object();
    return value;
}

// Names in errors come from the file.
constexpr std::size_t longest_shown = 200;

} // namespace

Fields::Fields(json const& value, std::string where, std::optional<std::string>& wrong)
    : object_(&value),
      where_(std::move(where)),
      wrong_(&wrong) {
    if (value.is_object())
        return;
    object_ = &empty_object();
    if (!wrong)
        wrong = where_.substr(0, longest_shown) + " must be an object";
}

bool Fields::has(std::string const& key) const {
    return object_->contains(key);
}

std::string Fields::text(std::string const& key, std::size_t longest) const {
    auto const* value = find(key).get_ptr<std::string const*>();
    if (value != nullptr && value->size() <= longest)
        return *value;
    refuse(key, "a text of at most " + std::to_string(longest) + " bytes");
    return {};
}

std::int64_t Fields::number(std::string const& key, std::int64_t least) const {
    auto const& value = find(key);
    // The parser reads what is not negative as unsigned.
    if (value.is_number_unsigned()) {
        auto const number = value.get<std::uint64_t>();
        if (number <= static_cast<std::uint64_t>(largest_number) &&
            static_cast<std::int64_t>(number) >= least)
            return static_cast<std::int64_t>(number);
    }
    refuse(key, "a whole number from " + std::to_string(least) + " on");
    return least;
}

bool Fields::flag(std::string const& key, bool otherwise) const {
    if (!has(key))
        return otherwise;
    auto const& value = find(key);
    if (value.is_boolean())
        return value.get<bool>();
    refuse(key, "true or false");
    return otherwise;
}

std::vector<std::string> Fields::texts(std::string const& key, std::size_t longest) const {
    auto const& value = find(key);
    std::vector<std::string> list;
    if (!value.is_array()) {
        refuse(key, "a list of texts");
        return list;
    }
    for (auto const& element : value) {
        auto const* text = element.get_ptr<std::string const*>();
        if (text == nullptr || text->empty() || text->size() > longest) {
            refuse(key, "a list of texts of at most " + std::to_string(longest) + " bytes");
            return {};
        }
        list.push_back(*text);
    }
    return list;
}

Fields Fields::object(std::string const& key) const {
    return {find(key), where_ + '.' + key, *wrong_};
}

std::vector<Fields> Fields::objects(std::string const& key) const {
    auto const& value = find(key);
    std::vector<Fields> list;
    if (!value.is_array()) {
        refuse(key, "a list of objects");
        return list;
    }
    for (std::size_t i = 0; i < value.size(); ++i)
        list.emplace_back(value[i], where_ + '.' + key + '[' + std::to_string(i) + ']', *wrong_);
    return list;
}

void Fields::each_member(Visit const& visit) const {
    for (auto const& [name, value] : object_->items())
        visit(name, Fields(value, where_ + '.' + name, *wrong_));
}

void Fields::refuse(std::string const& key, std::string_view what) const {
    if (!*wrong_)
        *wrong_ = (where_ + '.' + key).substr(0, longest_shown) + " must be " + std::string(what);
}

json const& Fields::find(std::string const& key) const {
    auto const found = object_->find(key);
    return found == object_->end() ? nothing() : *found;
}

} // namespace livepatch::trust::tuf
