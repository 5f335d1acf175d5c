#include "base/flat_json.hpp"

#include "base/strict_sax.hpp"

#include <utility>

namespace livepatch::base {

std::string_view FlatJson::Value::slice(std::size_t at, std::size_t size) const {
    return std::string_view(json_->texts_).substr(at, size);
}

std::optional<std::string_view> FlatJson::Value::text() const {
    auto const& node = json_->nodes_[at_];
    if (node.kind != Kind::text)
        return std::nullopt;
    return slice(node.text_at, node.text_size);
}

std::optional<std::uint64_t> FlatJson::Value::number() const {
    auto const& node = json_->nodes_[at_];
    return node.kind == Kind::number ? std::optional(node.number) : std::nullopt;
}

std::optional<bool> FlatJson::Value::flag() const {
    auto const& node = json_->nodes_[at_];
    return node.kind == Kind::flag ? std::optional(node.number != 0) : std::nullopt;
}

std::size_t FlatJson::Value::size() const {
    auto const& node = json_->nodes_[at_];
    return node.kind == Kind::object || node.kind == Kind::list ? node.number : 0;
}

std::string_view FlatJson::Value::name() const {
    auto const& node = json_->nodes_[at_];
    return slice(node.name_at, node.name_size);
}

std::optional<FlatJson::Value> FlatJson::Value::find(std::string_view name) const {
    std::optional<Value> found;
    if (is_object())
        each([&](Value const& member) {
            if (member.name() == name)
                found = member;
            return !found;
        });
    return found;
}

// Nodes are in the order of the text, so all that is in one follows it.
class FlatJson::Builder : public StrictSax {
public:
    Builder(FlatJsonLimits const& limits, Stream const* stream)
        : limits_(limits),
          stream_(stream) {}

    FlatJson& json() { return json_; }

    bool null() override { return add({.kind = Kind::null}); }

    bool boolean(bool value) override {
        return add({.kind = Kind::flag, .number = value ? 1U : 0U});
    }

    bool number_integer(std::int64_t /*value*/) override { return add({.kind = Kind::negative}); }

    bool number_unsigned(std::uint64_t value) override {
        return add({.kind = Kind::number, .number = value});
    }

    bool string(std::string& value) override {
        auto const at = keep(value);
        return add(
            {.kind = Kind::text,
             .text_at = at,
             .text_size = static_cast<std::uint32_t>(value.size())}
        );
    }

    bool start_object(std::size_t /*size*/) override { return open({.kind = Kind::object}); }

    bool end_object() override { return close(); }

    bool start_array(std::size_t /*size*/) override { return open({.kind = Kind::list}); }

    bool end_array() override { return close(); }

    bool key(std::string& name) override {
        auto const& object = json_.nodes_[open_.back()];
        if (object.number == limits_.members)
            return refuse("more than " + std::to_string(limits_.members) + " keys in one object");
        for (auto at = open_.back() + 1; at < json_.nodes_.size(); at = json_.nodes_[at].end)
            if (Value(json_, at).name() == name)
                return refuse("the key \"" + name.substr(0, 64) + "\" twice in one object");
        name_at_ = keep(name);
        name_size_ = static_cast<std::uint32_t>(name.size());
        is_streamed_ = stream_ != nullptr && open_.size() == 1 && name == stream_->list;
        return true;
    }

private:
    // Never beyond 32 bits: it is no more than the text, whose limit is below.
    std::uint32_t keep(std::string const& text) {
        auto const at = json_.texts_.size();
        json_.texts_ += text;
        return static_cast<std::uint32_t>(at);
    }

    bool push(Node node) {
        if (json_.nodes_.size() == limits_.values)
            return refuse("more than " + std::to_string(limits_.values) + " values");
        node.name_at = std::exchange(name_at_, 0);
        node.name_size = std::exchange(name_size_, 0);
        node.end = json_.nodes_.size() + 1;
        if (!open_.empty())
            ++json_.nodes_[open_.back()].number;
        json_.nodes_.push_back(node);
        return true;
    }

    bool add(Node const& node) {
        if (!push(node))
            return false;
        hand_out(json_.nodes_.size() - 1);
        return true;
    }

    bool open(Node const& node) {
        if (open_.size() == limits_.depth)
            return refuse("nested deeper than " + std::to_string(limits_.depth));
        if (!push(node))
            return false;
        open_.push_back(json_.nodes_.size() - 1);
        if (std::exchange(is_streamed_, false) && node.kind == Kind::list) {
            streamed_ = open_.back();
            kept_texts_ = json_.texts_.size();
        }
        return true;
    }

    bool close() {
        auto const at = open_.back();
        open_.pop_back();
        json_.nodes_[at].end = json_.nodes_.size();
        if (streamed_ == at)
            streamed_.reset();
        hand_out(at);
        return true;
    }

    // What is complete now, if it is an element of the list that is not kept.
    void hand_out(std::size_t at) {
        if (!streamed_ || open_.empty() || open_.back() != *streamed_)
            return;
        wants_more_ = wants_more_ && stream_->take(Value(json_, at));
        json_.nodes_.resize(at);
        json_.texts_.resize(kept_texts_);
    }

    FlatJsonLimits limits_;
    Stream const* stream_;
    FlatJson json_;
    std::vector<std::size_t> open_; // lists and objects, as indices
    std::uint32_t name_at_ = 0;     // of what comes next
    std::uint32_t name_size_ = 0;
    bool is_streamed_ = false; // what comes next
    std::optional<std::size_t> streamed_;
    std::size_t kept_texts_ = 0;
    bool wants_more_ = true;
};

Result<FlatJson>
FlatJson::parse(std::string_view text, std::string_view subject, FlatJsonLimits const& limits) {
    return parse(text, subject, limits, Stream{.list = {}, .take = {}});
}

Result<FlatJson> FlatJson::parse(
    std::string_view text,
    std::string_view subject,
    FlatJsonLimits const& limits,
    Stream const& stream
) {
    Builder builder(limits, stream.take ? &stream : nullptr);
    if (auto good = sax_parse_strictly(text, subject, limits.size, builder); !good)
        return good.error();
    return std::move(builder.json());
}

} // namespace livepatch::base
