#include "base/strict_json.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace livepatch::base {

namespace {

using nlohmann::json;

// Builds the value. The library's own builder takes the last of several keys and reads large
// numbers as floating point, and its callback parser is quadratic.
class Builder : public nlohmann::json_sax<json> {
public:
    explicit Builder(JsonLimits const& limits) : limits_(limits) {}

    json& value() { return root_; }

    std::string const& cause() const { return cause_; }

    bool null() override { return add(nullptr); }

    bool boolean(bool value) override { return add(value); }

    bool number_integer(std::int64_t value) override { return add(value); }

    bool number_unsigned(std::uint64_t value) override { return add(value); }

    bool number_float(double /*value*/, std::string const& text) override {
        return refuse("a number that is no whole number of 64 bits: " + text.substr(0, 40));
    }

    bool string(std::string& value) override { return add(std::move(value)); }

    bool binary(json::binary_t& /*value*/) override { return refuse("binary data"); }

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

    bool parse_error(
        std::size_t position, std::string const& /*token*/, json::exception const& /*error*/
    ) override {
        return refuse("no JSON from byte " + std::to_string(position) + " on");
    }

private:
    bool refuse(std::string cause) {
        cause_ = std::move(cause);
        return false;
    }

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
    std::string cause_;
};

Error refusal(std::string_view subject, std::string cause) {
    return {
        .code = Errc::verification_failed,
        .subject = std::string(subject),
        .cause = std::move(cause),
        .remedy = {}};
}

} // namespace

Result<nlohmann::json>
parse_strict_json(std::string_view text, std::string_view subject, JsonLimits const& limits) {
    if (text.size() > limits.size)
        return refusal(subject, "longer than " + std::to_string(limits.size) + " bytes");
    // The library would pass over it.
    if (text.starts_with("\xef\xbb\xbf"))
        return refusal(subject, "begins with a byte order mark");
    Builder builder(limits);
    // To the library, a NUL is the end.
    if (auto const end = text.find('\0'); end != std::string_view::npos)
        return refusal(subject, "no JSON from byte " + std::to_string(end + 1) + " on");
    if (!json::sax_parse(text, &builder))
        return refusal(subject, builder.cause());
    // By name: this type converts to any other, also to an Error.
    return {boost::system::in_place_value, std::move(builder.value())};
}

} // namespace livepatch::base
