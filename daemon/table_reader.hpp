// A TOML table read strictly: each key is taken by its type, and what nobody took is an error.
#pragma once

#include "base/error.hpp"

#include <toml++/toml.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::daemon {

class TableReader {
public:
    using Check = std::function<bool(std::string const&)>;

    // `name` is the table's, "" for the file itself. Problems are appended, each with file and
    // line.
    TableReader(
        toml::table const& table,
        std::string name,
        std::filesystem::path const& file,
        std::vector<base::Error>& problems
    );

    // Each leaves its target alone when the key is not there, or reports it when it has another
    // type or value.
    void section(std::string_view key, std::function<void(TableReader&)> const& read);
    void text(std::string_view key, std::string& target);
    void
    word(std::string_view key, std::string& target, std::vector<std::string_view> const& words);
    void texts(
        std::string_view key,
        std::vector<std::string>& target,
        Check const& check,
        std::size_t least = 0
    );
    void flag(std::string_view key, bool& target);
    void flag_or_word(
        std::string_view key,
        std::string_view word,
        std::function<void(std::optional<bool>)> const& take
    );
    void number(std::string_view key, std::int64_t& target, std::int64_t least, std::int64_t most);
    void duration(std::string_view key, std::chrono::seconds& target);
    void size(std::string_view key, std::int64_t& target);

    // Reports every key that none of the above asked for.
    void refuse_unknown();

private:
    toml::node const* take(std::string_view key);
    void refuse(std::string_view key, toml::node const& node, std::string const& expected);

    toml::table const& table_;
    std::string name_;
    std::filesystem::path const& file_;
    std::vector<base::Error>& problems_;
    std::set<std::string, std::less<>> taken_;
};

// Parses the text and lets `take` read it; the problems, none when all is well.
std::vector<base::Error> read_toml(
    std::string_view text,
    std::filesystem::path const& file,
    std::function<void(TableReader&)> const& take
);

} // namespace livepatch::daemon
