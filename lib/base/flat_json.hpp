// JSON from files that others wrote, in two flat buffers: for files with very many values, of which
// each is looked at once.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::base {

struct FlatJsonLimits {
    std::size_t size = std::size_t{256} * 1024; // bytes of text
    std::size_t depth = 32;
    std::size_t values = 32 * 1024; // kept at one time
    std::size_t members = 256;      // of one object
};

class FlatJson {
    enum class Kind : std::uint8_t { null, flag, number, negative, text, object, list };

public:
    // Refers to the FlatJson, which must stay where it is.
    class Value {
    public:
        bool is_null() const { return kind() == Kind::null; }

        bool is_object() const { return kind() == Kind::object; }

        bool is_list() const { return kind() == Kind::list; }

        // Nothing when it is of another kind.
        std::optional<std::string_view> text() const;
        std::optional<std::uint64_t> number() const; // nothing when negative, too
        std::optional<bool> flag() const;

        // Of lists and objects: how many, also of those that were handed out.
        std::size_t size() const;

        // A member's name; "" of all others.
        std::string_view name() const;

        // A member of an object.
        std::optional<Value> find(std::string_view name) const;

        // All elements, or members, in their order, as long as `visit` returns true.
        template <class Visit>
        void each(Visit const& visit) const {
            for (auto at = at_ + 1; at < json_->nodes_[at_].end; at = json_->nodes_[at].end)
                if (!visit(Value(*json_, at)))
                    return;
        }

    private:
        friend class FlatJson;

        Value(FlatJson const& json, std::size_t at) : json_(&json), at_(at) {}

        Kind kind() const { return json_->nodes_[at_].kind; }

        std::string_view slice(std::size_t at, std::size_t size) const;

        FlatJson const* json_;
        std::size_t at_;
    };

    // A list that the value, an object, has by this name: its elements are handed to `take` one by
    // one, and not kept. `take` returns false when it has seen enough; the rest is only checked.
    struct Stream {
        std::string_view list;
        std::function<bool(Value)> take;
    };

    // Refused as in strict_json.hpp. What was taken may have been before something that is refused.
    static Result<FlatJson>
    parse(std::string_view text, std::string_view subject, FlatJsonLimits const& limits = {});
    static Result<FlatJson> parse(
        std::string_view text,
        std::string_view subject,
        FlatJsonLimits const& limits,
        Stream const& stream
    );

    Value root() const { return {*this, 0}; }

private:
    class Builder;

    struct Node {
        Kind kind = Kind::null;
        std::uint32_t name_at = 0; // in texts_
        std::uint32_t name_size = 0;
        std::uint32_t text_at = 0;
        std::uint32_t text_size = 0;
        std::uint64_t number = 0; // of a list or object: how many are in it
        std::size_t end = 0;      // behind all that is in it
    };

    std::vector<Node> nodes_;
    std::string texts_;
};

} // namespace livepatch::base
