#include "base/strict_json.hpp"

#include "base/strict_sax.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace livepatch::base {

namespace {

using nlohmann::json;

// Builds the value. The library's own builder takes the last of several keys and reads large
// numbers as floating point, and its callback parser is quadratic.
class Builder : public StrictSax {
public:
    explicit Builder(JsonLimits const& limits) : limits_(limits) {}

    json& value() { return root_; }

    bool null() override { return add(nullptr); }

    bool boolean(bool value) override { return add(value); }

    bool number_integer(std::int64_t value) override { return add(value); }

    bool number_unsigned(std::uint64_t value) override { return add(value); }

    bool string(std::string& value) override { return add(std::move(value)); }

    bool start_object(std::size_t /*size*/) override { return open(json::object()); }

    bool end_object() override { return close(); }

    bool start_array(std::size_t /*size*/) override { return open(json::array()); }

    bool end_array() override { return close(); }

    bool key(std::string& key) override {
        if (open_.back()->contains(key))
            return refuse("the key \"" + key.substr(0, 64) + "\" twice in one object");
        key_ = std::move(key);
        return true;
    }

private:
    json* place(json&& value) {
        if (open_.empty()) {
            root_ = std::move(value);
            return &root_;
        }
        auto& parent = *open_.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.back();
        }
        return &(parent[key_] = std::move(value));
    }

    bool add(json value) {
        if (++values_ > limits_.values)
            return refuse("more than " + std::to_string(limits_.values) + " values");
        place(std::move(value));
        return true;
    }

    bool open(json value) {
        if (open_.size() == limits_.depth)
            return refuse("nested deeper than " + std::to_string(limits_.depth));
        if (++values_ > limits_.values)
            return refuse("more than " + std::to_string(limits_.values) + " values");
        open_.push_back(place(std::move(value)));
        return true;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    JsonLimits limits_;
    json root_;
    std::vector<json*> open_; // the last elements of their parents, so they stay where they are
    std::string key_;
    std::size_t values_ = 0;
};

} // namespace

Result<nlohmann::json>
parse_strict_json(std::string_view text, std::string_view subject, JsonLimits const& limits) {
    Builder builder(limits);
    if (auto good = sax_parse_strictly(text, subject, limits.size, builder); !good)
        return good.error();
    // By name: this type converts to any other, also to an Error.
    return {boost::system::in_place_value, std::move(builder.value())};
}

} // namespace livepatch::base
