#include "table_reader.hpp"

#include "base/quantity.hpp"

#include <algorithm>
#include <utility>

namespace livepatch::daemon {

namespace {

base::Error
problem(std::filesystem::path const& file, toml::source_position const& at, std::string cause) {
    return {
        .code = base::Errc::invalid_argument,
        .subject = file.string() + ':' + std::to_string(at.line),
        .cause = std::move(cause),
        .remedy = {}};
}

std::string joined(std::vector<std::string_view> const& words) {
    std::string text;
    for (auto const word : words)
        text += (text.empty() ? "\"" : ", \"") + std::string(word) + '"';
    return text;
}

} // namespace

TableReader::TableReader(
    toml::table const& table,
    std::string name,
    std::filesystem::path const& file,
    std::vector<base::Error>& problems
)
    : table_(table),
      name_(std::move(name)),
      file_(file),
      problems_(problems) {}

toml::node const* TableReader::take(std::string_view key) {
    taken_.emplace(key);
    return table_.get(key);
}

void TableReader::refuse(
    std::string_view key, toml::node const& node, std::string const& expected
) {
    auto const full = name_.empty() ? std::string(key) : name_ + '.' + std::string(key);
    problems_.push_back(problem(file_, node.source().begin, full + " must be " + expected));
}

void TableReader::section(std::string_view key, std::function<void(TableReader&)> const& read) {
    auto const* node = take(key);
    if (node == nullptr)
        return;
    auto const* table = node->as_table();
    if (table == nullptr)
        return refuse(key, *node, "a table");
    TableReader reader(*table, std::string(key), file_, problems_);
    read(reader);
    reader.refuse_unknown();
}

void TableReader::text(std::string_view key, std::string& target) {
    auto const* node = take(key);
    if (node == nullptr)
        return;
    if (auto const value = node->value_exact<std::string>())
        target = *value;
    else
        refuse(key, *node, "a string");
}

void TableReader::word(
    std::string_view key, std::string& target, std::vector<std::string_view> const& words
) {
    auto const* node = take(key);
    if (node == nullptr)
        return;
    auto const value = node->value_exact<std::string>();
    bool const known = value && std::find(words.begin(), words.end(), *value) != words.end();
    if (known)
        target = *value;
    else
        refuse(key, *node, "one of " + joined(words));
}

void TableReader::texts(
    std::string_view key, std::vector<std::string>& target, Check const& check, std::size_t least
) {
    auto const* node = take(key);
    if (node == nullptr)
        return;
    auto const* array = node->as_array();
    if (array == nullptr)
        return refuse(key, *node, "a list of strings");
    if (array->size() < least)
        return refuse(key, *node, "a list that is not empty");
    std::vector<std::string> values;
    for (auto const& element : *array) {
        auto const value = element.value_exact<std::string>();
        if (!value || !check(*value))
            return refuse(key, element, "a list of valid strings");
        values.push_back(*value);
    }
    target = std::move(values);
}

void TableReader::flag(std::string_view key, bool& target) {
    auto const* node = take(key);
    if (node == nullptr)
        return;
    if (auto const value = node->value_exact<bool>())
        target = *value;
    else
        refuse(key, *node, "true or false");
}

void TableReader::flag_or_word(
    std::string_view key,
    std::string_view word,
    std::function<void(std::optional<bool>)> const& take_value
) {
    auto const* node = take(key);
    if (node == nullptr)
        return;
    auto const flag = node->value_exact<bool>();
    auto const text = node->value_exact<std::string>();
    if (flag)
        take_value(*flag);
    else if (text && *text == word)
        take_value(std::nullopt);
    else
        refuse(key, *node, "true, false or \"" + std::string(word) + '"');
}

void TableReader::number(
    std::string_view key, std::int64_t& target, std::int64_t least, std::int64_t most
) {
    auto const* node = take(key);
    if (node == nullptr)
        return;
    auto const value = node->value_exact<std::int64_t>();
    if (value && *value >= least && *value <= most)
        target = *value;
    else
        refuse(
            key,
            *node,
            "a whole number from " + std::to_string(least) + " to " + std::to_string(most)
        );
}

void TableReader::duration(std::string_view key, std::chrono::seconds& target) {
    auto const* node = take(key);
    if (node == nullptr)
        return;
    auto const text = node->value_exact<std::string>();
    auto const value = text ? base::parse_duration(*text) : std::nullopt;
    if (value)
        target = *value;
    else
        refuse(key, *node, "a duration such as \"90s\", \"5min\", \"12h\", \"7d\"");
}

void TableReader::size(std::string_view key, std::int64_t& target) {
    auto const* node = take(key);
    if (node == nullptr)
        return;
    auto const text = node->value_exact<std::string>();
    auto const value = text ? base::parse_size(*text) : std::nullopt;
    if (value)
        target = *value;
    else
        refuse(key, *node, "a size such as \"64M\"");
}

void TableReader::refuse_unknown() {
    for (auto const& [key, node] : table_) {
        if (taken_.contains(key.str()))
            continue;
        auto const where = name_.empty() ? std::string() : " in [" + name_ + ']';
        problems_.push_back(
            problem(file_, key.source().begin, "unknown key " + std::string(key.str()) + where)
        );
    }
}

std::vector<base::Error> read_toml(
    std::string_view text,
    std::filesystem::path const& file,
    std::function<void(TableReader&)> const& take
) {
    std::vector<base::Error> problems;
    try {
        auto const table = toml::parse(text, file.string());
        TableReader root(table, {}, file, problems);
        take(root);
        root.refuse_unknown();
    } catch (toml::parse_error const& error) {
        problems.push_back(problem(file, error.source().begin, std::string(error.description())));
    }
    return problems;
}

} // namespace livepatch::daemon
