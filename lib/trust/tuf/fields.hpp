// The members of one JSON object of metadata, read by name.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::trust::tuf {

// The first thing that is wrong is kept in `wrong`, as "WHERE must be WHAT"; what is read after
// that does not matter, and whoever began to read looks at `wrong` in the end. Members nobody asks
// for are ignored: that is how the format grows. The JSON must live as long as this.
class Fields {
public:
    Fields(nlohmann::json const& value, std::string where, std::optional<std::string>& wrong);

    bool has(std::string const& key) const;

    std::string text(std::string const& key, std::size_t longest) const;

    // Between `least` and largest_number.
    std::int64_t number(std::string const& key, std::int64_t least) const;

    bool flag(std::string const& key, bool otherwise) const;

    // None of them empty.
    std::vector<std::string> texts(std::string const& key, std::size_t longest) const;

    Fields object(std::string const& key) const;

    // The elements of a list of objects.
    std::vector<Fields> objects(std::string const& key) const;

    // All members, which are objects, too.
    using Visit = std::function<void(std::string const& name, Fields const& member)>;
    void each_member(Visit const& visit) const;

    void refuse(std::string const& key, std::string_view what) const;

private:
    nlohmann::json const& find(std::string const& key) const;

    nlohmann::json const* object_;
    std::string where_;
    std::optional<std::string>* wrong_;
};

} // namespace livepatch::trust::tuf
