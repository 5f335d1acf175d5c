#include "lpctl/progress.hpp"

#include "base/text.hpp"
#include "lpctl/duration.hpp"
#include "lpctl/wording.hpp"

#include <array>
#include <string_view>

namespace livepatch::lpctl {

namespace {

constexpr auto tell_again = std::chrono::seconds(10);

std::string_view spinner(std::size_t turn, bool utf8) {
    static constexpr std::array<std::string_view, 8> braille{
        "⣾", "⣽", "⣻", "⢿", "⡿", "⣟", "⣯", "⣷"};
    static constexpr std::array<std::string_view, 4> ascii{"|", "/", "-", "\\"};
    return utf8 ? braille[turn % braille.size()] : ascii[turn % ascii.size()];
}

std::string_view doing(base::PatchState state) {
    if (state == base::PatchState::absent)
        return "waiting";
    if (state == base::PatchState::disabled)
        return "unloading";
    return base::name(state);
}

} // namespace

std::string movement_text(Movement const& movement) {
    auto text = base::escaped(movement.name) + ": ";
    text += doing(movement.state);
    if (movement.tasks.value_or(0) > 0 && base::in_transition(movement.state))
        text += ", " + tasks_text(*movement.tasks);
    if (movement.elapsed >= std::chrono::seconds(1))
        text += ", " + whole_seconds(movement.elapsed);
    return text;
}

void Progress::show(Movement const& movement) {
    if (terminal_.interactive)
        draw(movement);
    else
        tell(movement);
}

void Progress::draw(Movement const& movement) {
    auto text = std::string(spinner(turns_++, terminal_.utf8)) + " " + movement_text(movement);
    // One column is left free: a full line would wrap, and "\r" then stay on the second one.
    if (terminal_.width > 1)
        text = fitted(text, terminal_.width - 1, terminal_.utf8);
    err_ << "\r" << text << "\x1b[K" << std::flush;
    drawn_ = true;
}

void Progress::tell(Movement const& movement) {
    bool const news = movement.name != told_name_ || movement.state != told_state_ || turns_ == 0;
    if (!news && movement.elapsed - told_at_ < tell_again)
        return;
    ++turns_;
    told_name_ = movement.name;
    told_state_ = movement.state;
    told_at_ = movement.elapsed;
    err_ << movement_text(movement) << "\n" << std::flush;
}

void Progress::clear() {
    if (drawn_)
        err_ << "\r\x1b[K" << std::flush;
    drawn_ = false;
}

} // namespace livepatch::lpctl
