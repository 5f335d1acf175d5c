// What every reader of others' JSON refuses, whatever it makes of the values.
#pragma once

#include "base/result.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace livepatch::base {

// A handler keeps why it stopped. Numbers that are no whole ones of 64 bits, and what is no JSON,
// stop it by themselves.
class StrictSax : public nlohmann::json_sax<nlohmann::json> {
public:
    std::string const& cause() const { return cause_; }

    bool number_float(double value, std::string const& text) override;
    bool binary(nlohmann::json::binary_t& value) override;
    bool parse_error(
        std::size_t position, std::string const& token, nlohmann::json::exception const& error
    ) override;

protected:
    bool refuse(std::string cause);

private:
    std::string cause_;
};

// Hands one value and nothing behind it to `handler`. verification_failed, naming `subject`: also
// for text longer than `limit`, a byte order mark, and text that is not UTF-8.
Result<void> sax_parse_strictly(
    std::string_view text, std::string_view subject, std::size_t limit, StrictSax& handler
);

} // namespace livepatch::base
