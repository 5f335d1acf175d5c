// The members of one object of a catalogue, read by name.
#pragma once

#include "base/flat_json.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::repository {

// The first thing that is wrong is kept in `wrong`, as "WHERE must be WHAT"; what is read after
// that does not matter, and whoever began to read looks at `wrong` in the end. Members nobody asks
// for are ignored: that is how the format grows. A null stands for a member that is not there.
class EntryReader {
public:
    using Check = bool (*)(std::string_view);
    using Value = base::FlatJson::Value;

    // The whole text.
    EntryReader(Value const& object, std::optional<std::string>& wrong)
        : object_(object),
          wrong_(wrong) {}

    // One of a list of the text's, which is not read as a whole.
    EntryReader(
        Value const& object,
        std::string_view list,
        std::size_t index,
        std::optional<std::string>& wrong
    )
        : object_(object),
          wrong_(wrong),
          where_{.key = list, .index = index} {}

    // Each returns whether the member is there and well; `what` says what it must be.

    bool text(std::string_view key, std::string& target, Check check, std::string_view what) const;
    bool number(std::string_view key, std::optional<std::uint64_t>& target) const;
    bool flag(std::string_view key, std::optional<bool>& target) const;

    using Read = std::function<void(EntryReader const&)>;
    bool object(std::string_view key, Read const& read) const;
    void objects(std::string_view key, std::size_t most, Read const& read) const;

    // An object whose members, whatever their names, are lists of objects. `begin` is called for
    // each list, before what is in it.
    using Begin = std::function<void(std::string_view name)>;
    void lists(std::string_view key, std::size_t most, Begin const& begin, Read const& read) const;

    void texts(
        std::string_view key,
        std::size_t most,
        std::vector<std::string>& target,
        Check check,
        std::string_view what
    ) const;

    bool has(std::string_view key) const;
    bool is_list(std::string_view key) const;
    void need(std::string_view key, bool there) const;
    bool refuse(std::string_view key, std::string_view what) const; // false

private:
    // How a reader was come to; put into words only for an error.
    struct Where {
        Where const* outer = nullptr;
        std::string_view key = {}; // "" = the whole text
        std::optional<std::size_t> index = {};

        std::string in_words() const; // with a dot at its end, or empty
    };

    EntryReader(Value const& object, Where const& where, std::optional<std::string>& wrong)
        : object_(object),
          wrong_(wrong),
          where_(where) {}

    using Take = std::function<bool(Value const&, Where const&)>;

    std::optional<Value> find(std::string_view key) const;
    void
    each(std::string_view key, std::size_t most, std::string_view what, Take const& take) const;

    Value object_;
    std::optional<std::string>& wrong_; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    Where where_;
};

} // namespace livepatch::repository
