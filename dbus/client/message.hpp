// Messages of sd-bus: ownership, and the dictionaries that they carry.
#pragma once

#include "dbus_client/call_error.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

struct sd_bus_message;

namespace livepatch::dbus_client {

struct Unref {
    void operator()(sd_bus_message* message) const;
};

using Message = std::unique_ptr<sd_bus_message, Unref>;

// The texts of an aa{sv} within another dictionary.
using Rows = std::vector<std::map<std::string, std::string, std::less<>>>;

// A value of an a{sv}; numbers of every width are one type.
using Value = std::variant<bool, std::uint64_t, std::string, std::vector<std::string>, Rows>;

class Dictionary : public std::map<std::string, Value, std::less<>> {
public:
    // The value of that key; a default where it is missing or of another type, so that neighbouring
    // versions understand each other.
    template <class T>
    T get(std::string_view key) const {
        auto const found = find(key);
        if (found == end())
            return {};
        auto const* value = std::get_if<T>(&found->second);
        return value == nullptr ? T{} : *value;
    }
};

// Reads one a{sv} or an aa{sv} at the message's position. Values of other types are passed over.
Reply<Dictionary> read_dictionary(sd_bus_message* message);
Reply<std::vector<Dictionary>> read_dictionaries(sd_bus_message* message);

// Reads an "ao" or "as".
Reply<std::vector<std::string>> read_strings(sd_bus_message* message, char type);

// The answer cannot be read: a stranger on the name.
CallError malformed(std::string_view what, int result);

} // namespace livepatch::dbus_client
