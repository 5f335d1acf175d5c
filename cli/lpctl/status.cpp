// lpctl status: am I patched, on which kernel, since when, what is coming, what is wrong.
// --json: the object of status.json (DESIGN §9).

#include "base/text.hpp"
#include "lpctl/check_status.hpp"
#include "lpctl/duration.hpp"
#include "lpctl/reading.hpp"
#include "lpctl/verbs.hpp"
#include "lpctl/wording.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace livepatch::lpctl {

namespace {

using report::Disposition;
using report::PatchReport;

constexpr std::size_t label_width = 9;

class StatusText {
public:
    StatusText(View const& view, Terminal const& terminal, Wall now)
        : view_(view),
          report_(view.report),
          terminal_(terminal),
          now_(now) {}

    std::string draw();

private:
    void line(std::string_view label, Tone tone, std::string_view text);
    void kernel();
    void patched();
    void patch(PatchReport const& patch);
    void daemon();
    void health();
    std::string about(PatchReport const& patch) const;
    std::string_view mark(PatchReport const& patch) const;

    View const& view_;
    report::Report const& report_;
    Terminal const& terminal_;
    Wall now_;
    std::string out_;
};

void StatusText::line(std::string_view label, Tone tone, std::string_view text) {
    auto const indent = label_width + 1;
    auto shown = base::escaped(text);
    if (terminal_.width > indent)
        shown = fitted(shown, terminal_.width - indent, terminal_.utf8);
    auto const name = fmt::format("{:<{}}", label, label_width);
    out_ += painted(terminal_, Tone::strong, name) + " " + painted(terminal_, tone, shown) + "\n";
}

void StatusText::kernel() {
    auto const& kernel = report_.kernel;
    line("Kernel", Tone::plain, kernel.release);
    line("", Tone::faint, kernel.version);
    line(
        "",
        Tone::faint,
        kernel.build_id.empty() ? "build id not known" : "build id " + kernel.build_id
    );
}

void StatusText::patched() {
    if (!report_.kernel.livepatch) {
        line("Patched", Tone::bad, "no: this kernel cannot be livepatched");
        return;
    }
    auto const enabled =
        std::ranges::count(report_.patches, base::PatchState::enabled, &PatchReport::state);
    auto const moving = std::ranges::count_if(report_.patches, [](auto const& patch) {
        return base::in_transition(patch.state);
    });
    auto const waiting = std::ranges::count_if(report_.patches, waits_to_be_applied);
    std::string text = "no";
    if (enabled > 0)
        text = fmt::format("yes, {} {}", enabled, enabled == 1 ? "patch" : "patches");
    if (moving > 0)
        text += fmt::format("; {} in transition", moving);
    if (waiting > 0)
        text += fmt::format("; {} not applied yet", waiting);
    auto const tone = moving + waiting > 0 ? Tone::moving : enabled > 0 ? Tone::good : Tone::plain;
    line("Patched", tone, text);
}

std::string_view StatusText::mark(PatchReport const& patch) const {
    switch (state_tone(patch)) {
    case Tone::good:
        return terminal_.utf8 ? "●" : "*";
    case Tone::moving:
        return terminal_.utf8 ? "◐" : "~";
    case Tone::bad:
        return terminal_.utf8 ? "✗" : "!";
    default:
        return terminal_.utf8 ? "○" : "-";
    }
}

// What follows the name: the state, then what the disposition adds to it.
std::string StatusText::about(PatchReport const& patch) const {
    std::string text;
    if (patch.state == base::PatchState::absent)
        text = name(patch.disposition);
    else
        text = state_text(patch, view_.tasks_known, now_);
    if (auto const since = since_text(patch.loaded_at, now_);
        !since.empty() && patch.state == base::PatchState::enabled)
        text += " since " + since;
    if (patch.state != base::PatchState::absent && patch.disposition != Disposition::managed)
        text += fmt::format(", {}", name(patch.disposition));
    if (!patch.version.empty())
        text += ", version " + patch.version;
    if (!patch.source.empty())
        text += " from " + patch.source;
    for (auto const& flag : patch.flags)
        if (flag != "release-only" && flag != name(patch.disposition))
            text += ", " + flag;
    if (!patch.reason.empty())
        text += ": " + patch.reason;
    return text;
}

void StatusText::patch(PatchReport const& patch) {
    auto const tone = state_tone(patch);
    auto text = base::escaped(patch.name + "  " + about(patch));
    if (terminal_.width > 4)
        text = fitted(text, terminal_.width - 4, terminal_.utf8);
    auto const name_size = std::min(base::escaped(patch.name).size(), text.size());
    out_ += "  " + painted(terminal_, tone, mark(patch)) + " " +
            painted(terminal_, Tone::strong, text.substr(0, name_size)) + text.substr(name_size) +
            "\n";
}

void StatusText::daemon() {
    if (!view_.daemon_running) {
        line("Daemon", Tone::bad, "not running; start it with 'systemctl start livepatchd'");
        return;
    }
    std::string text = "running";
    if (view_.remembered)
        text += fmt::format(", {} mode", name(report_.mode));
    if (report_.stage != report::Stage::idle)
        text += fmt::format(", {}", name(report_.stage));
    if (auto const refreshed = since_text(report_.last_refresh, now_); !refreshed.empty())
        text += ", sources read " + refreshed;
    line("Daemon", Tone::plain, text);
}

void StatusText::health() {
    using report::Health;
    auto const tone = report_.health == Health::ok        ? Tone::good
                      : report_.health == Health::pending ? Tone::moving
                                                          : Tone::bad;
    line("Health", tone, name(report_.health));
    for (auto const& reason : report_.health_reasons)
        line("", Tone::plain, reason);
    if (report_.reboot_needed)
        line(
            "Reboot",
            Tone::moving,
            fmt::format("needed: {}", fmt::join(report_.reboot_reasons, "; "))
        );
}

std::string StatusText::draw() {
    patched();
    kernel();
    daemon();
    health();
    if (!report_.patches.empty())
        out_ += "\n";
    for (auto const& each : report_.patches)
        patch(each);
    return out_;
}

} // namespace

Outcome<int> status(Context& context, StatusOptions const& options) {
    auto const reading = read_all(context);
    if (!reading)
        return reading.error();
    auto const& view = reading->view;
    if (options.json)
        context.print(view_json(view));
    else
        context.out
            << StatusText(view, context.out_terminal, std::chrono::system_clock::now()).draw();
    return check_status(view, options.check);
}

} // namespace livepatch::lpctl
