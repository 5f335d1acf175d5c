#include "repository/entry_reader.hpp"

#include <utility>

namespace livepatch::repository {

std::string EntryReader::Where::in_words() const {
    if (key.empty())
        return {};
    auto words = outer == nullptr ? std::string() : outer->in_words();
    words += key;
    if (index)
        words += '[' + std::to_string(*index) + ']';
    return words + '.';
}

bool EntryReader::text(
    std::string_view key, std::string& target, Check check, std::string_view what
) const {
    auto const value = find(key);
    if (!value)
        return false;
    auto const text = value->text();
    if (!text || !check(*text))
        return refuse(key, what);
    target = *text;
    return true;
}

bool EntryReader::number(std::string_view key, std::optional<std::uint64_t>& target) const {
    auto const value = find(key);
    if (!value)
        return false;
    auto const number = value->number();
    if (!number)
        return refuse(key, "a whole number that is not negative");
    target = number;
    return true;
}

bool EntryReader::flag(std::string_view key, std::optional<bool>& target) const {
    auto const value = find(key);
    if (!value)
        return false;
    auto const flag = value->flag();
    if (!flag)
        return refuse(key, "true or false");
    target = flag;
    return true;
}

bool EntryReader::object(std::string_view key, Read const& read) const {
    auto const value = find(key);
    if (!value)
        return false;
    if (!value->is_object())
        return refuse(key, "an object");
    read(EntryReader(*value, Where{.outer = &where_, .key = key}, wrong_));
    return true;
}

void EntryReader::objects(std::string_view key, std::size_t most, Read const& read) const {
    each(key, most, "objects", [&](Value const& element, Where const& where) {
        if (!element.is_object())
            return false;
        read(EntryReader(element, where, wrong_));
        return true;
    });
}

void EntryReader::lists(
    std::string_view key, std::size_t most, Begin const& begin, Read const& read
) const {
    object(key, [&](EntryReader const& lists) {
        lists.object_.each([&](Value const& member) {
            begin(member.name());
            lists.objects(member.name(), most, read);
            return !wrong_;
        });
    });
}

void EntryReader::texts(
    std::string_view key,
    std::size_t most,
    std::vector<std::string>& target,
    Check check,
    std::string_view what
) const {
    each(key, most, what, [&](Value const& element, Where const&) {
        auto const text = element.text();
        if (!text || !check(*text))
            return false;
        target.emplace_back(*text);
        return true;
    });
}

bool EntryReader::has(std::string_view key) const {
    return find(key).has_value();
}

bool EntryReader::is_list(std::string_view key) const {
    auto const value = find(key);
    return value && value->is_list();
}

void EntryReader::need(std::string_view key, bool there) const {
    if (!there)
        refuse(key, "there");
}

bool EntryReader::refuse(std::string_view key, std::string_view what) const {
    if (!wrong_)
        wrong_ = where_.in_words() + std::string(key) + " must be " + std::string(what);
    return false;
}

std::optional<EntryReader::Value> EntryReader::find(std::string_view key) const {
    auto const found = wrong_ ? std::nullopt : object_.find(key);
    return found && found->is_null() ? std::nullopt : found;
}

void EntryReader::each(
    std::string_view key, std::size_t most, std::string_view what, Take const& take
) const {
    auto const value = find(key);
    if (!value)
        return;
    auto const list = [&] { return "a list of " + std::string(what); };
    if (!value->is_list() || value->size() > most) {
        refuse(key, list() + ", at most " + std::to_string(most));
        return;
    }
    std::size_t index = 0;
    value->each([&](Value const& element) {
        return take(element, Where{.outer = &where_, .key = key, .index = index++}) ||
               refuse(key, list());
    });
}

} // namespace livepatch::repository
