#include "engine/pins.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace livepatch::engine {

std::string file_of(repository::Offer const& offer) {
    return offer.place_in_source();
}

bool is_later(std::string_view left, std::string_view right) {
    return ::strverscmp(std::string(left).c_str(), std::string(right).c_str()) > 0;
}

bool keeps_out(Pin const& pin, repository::Offer const& offer) {
    bool const same_name = pin.name == offer.name();
    bool const in_lineage =
        pin.lineage && pin.source == offer.source && is_later(file_of(offer), pin.file);
    return pin.sha256 != offer.sha256 && (same_name || in_lineage);
}

std::vector<Pin>
repin(State& state, repository::Offer const& offer, std::optional<Pin> pin, Time time) {
    auto const lifted =
        std::stable_partition(state.pins.begin(), state.pins.end(), [&](auto const& other) {
            return !keeps_out(other, offer);
        });
    std::vector<Pin> gone(
        std::make_move_iterator(lifted), std::make_move_iterator(state.pins.end())
    );
    state.pins.erase(lifted, state.pins.end());
    if (pin && state.find_pin(pin->sha256) == nullptr) {
        pin->since = time;
        state.pins.push_back(*std::move(pin));
    }
    return gone;
}

} // namespace livepatch::engine
