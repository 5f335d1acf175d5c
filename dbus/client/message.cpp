#include "dbus_client/message.hpp"

#include <systemd/sd-bus.h>

#include <optional>
#include <string_view>

namespace livepatch::dbus_client {

namespace {

// The readers below speak sd-bus's convention: negative errno, 0 at the end, positive for a value.

template <class Wire>
int read_number(sd_bus_message* message, char type, std::optional<Value>& value) {
    Wire number{};
    int const result = sd_bus_message_read_basic(message, type, &number);
    if (result > 0)
        value = static_cast<std::uint64_t>(number);
    return result;
}

int append_strings(sd_bus_message* message, char type, std::vector<std::string>& strings) {
    char const contents[] = {type, '\0'};
    int result = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, contents);
    if (result < 0)
        return result;
    char const* text = nullptr;
    while ((result = sd_bus_message_read_basic(message, type, &text)) > 0)
        strings.emplace_back(text);
    return result < 0 ? result : sd_bus_message_exit_container(message);
}

int read_text(sd_bus_message* message, char type, std::optional<Value>& value) {
    char const* text = nullptr;
    int const result = sd_bus_message_read_basic(message, type, &text);
    if (result > 0)
        value = std::string(text);
    return result;
}

int read_flag(sd_bus_message* message, std::optional<Value>& value) {
    int flag = 0;
    int const result = sd_bus_message_read_basic(message, SD_BUS_TYPE_BOOLEAN, &flag);
    if (result > 0)
        value = flag != 0;
    return result;
}

int read_dictionary(sd_bus_message* message, Dictionary& dictionary);

// Rows in a row are no deeper than this: a dictionary in it holds no rows that are kept.
int read_rows(sd_bus_message* message, std::optional<Value>& value) {
    int result = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "a{sv}");
    if (result < 0)
        return result;
    Rows rows;
    for (Dictionary row; (result = read_dictionary(message, row)) > 0; row.clear()) {
        auto& texts = rows.emplace_back();
        for (auto& [key, content] : row)
            if (auto* text = std::get_if<std::string>(&content))
                texts.emplace(key, std::move(*text));
    }
    if (result < 0)
        return result;
    value = std::move(rows);
    return sd_bus_message_exit_container(message);
}

int read_content(sd_bus_message* message, std::string_view contents, std::optional<Value>& value) {
    if (contents == "as") {
        std::vector<std::string> strings;
        int const result = append_strings(message, SD_BUS_TYPE_STRING, strings);
        value = std::move(strings);
        return result;
    }
    if (contents == "aa{sv}")
        return read_rows(message, value);
    if (contents.size() != 1)
        return sd_bus_message_skip(message, std::string(contents).c_str());
    switch (contents[0]) {
    case SD_BUS_TYPE_BOOLEAN:
        return read_flag(message, value);
    case SD_BUS_TYPE_UINT32:
        return read_number<std::uint32_t>(message, contents[0], value);
    case SD_BUS_TYPE_UINT64:
        return read_number<std::uint64_t>(message, contents[0], value);
    case SD_BUS_TYPE_STRING:
    case SD_BUS_TYPE_OBJECT_PATH:
        return read_text(message, contents[0], value);
    default:
        return sd_bus_message_skip(message, std::string(contents).c_str());
    }
}

int read_variant(sd_bus_message* message, std::optional<Value>& value) {
    char const* contents = nullptr;
    int result = sd_bus_message_peek_type(message, nullptr, &contents);
    if (result < 0)
        return result;
    result = sd_bus_message_enter_container(message, SD_BUS_TYPE_VARIANT, contents);
    if (result < 0)
        return result;
    result = read_content(message, contents, value);
    return result < 0 ? result : sd_bus_message_exit_container(message);
}

int read_entry(sd_bus_message* message, Dictionary& dictionary) {
    int const entered = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv");
    if (entered <= 0)
        return entered;
    char const* key = nullptr;
    int result = sd_bus_message_read_basic(message, SD_BUS_TYPE_STRING, &key);
    if (result < 0)
        return result;
    std::optional<Value> value;
    result = read_variant(message, value);
    if (result < 0)
        return result;
    if (value)
        dictionary.insert_or_assign(key, std::move(*value));
    result = sd_bus_message_exit_container(message);
    return result < 0 ? result : 1;
}

// Positive also for an empty dictionary; 0 where there is none.
int read_dictionary(sd_bus_message* message, Dictionary& dictionary) {
    int result = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
    if (result <= 0)
        return result;
    while ((result = read_entry(message, dictionary)) > 0) {
    }
    if (result < 0)
        return result;
    result = sd_bus_message_exit_container(message);
    return result < 0 ? result : 1;
}

} // namespace

void Unref::operator()(sd_bus_message* message) const {
    sd_bus_message_unref(message);
}

CallError malformed(std::string_view what, int result) {
    return {
        .kind = CallError::Kind::refused, .error = base::system_error("livepatchd", what, -result)};
}

Reply<Dictionary> read_dictionary(sd_bus_message* message) {
    Dictionary dictionary;
    int const result = read_dictionary(message, dictionary);
    if (result < 0)
        return malformed("cannot read its answer", result);
    return dictionary;
}

Reply<std::vector<Dictionary>> read_dictionaries(sd_bus_message* message) {
    std::vector<Dictionary> dictionaries;
    int result = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "a{sv}");
    if (result < 0)
        return malformed("cannot read its answer", result);
    for (;;) {
        Dictionary dictionary;
        result = read_dictionary(message, dictionary);
        if (result < 0)
            return malformed("cannot read its answer", result);
        if (result == 0)
            return dictionaries;
        dictionaries.push_back(std::move(dictionary));
    }
}

Reply<std::vector<std::string>> read_strings(sd_bus_message* message, char type) {
    std::vector<std::string> strings;
    int const result = append_strings(message, type, strings);
    if (result < 0)
        return malformed("cannot read its answer", result);
    return strings;
}

} // namespace livepatch::dbus_client
