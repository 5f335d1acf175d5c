// lpctl show PATCH: all there is to know about one patch.
// --json: {"schema":1,"daemon":"running|absent","patch":{…as in status.json…}}

#include "base/text.hpp"
#include "lpctl/duration.hpp"
#include "lpctl/reading.hpp"
#include "lpctl/verbs.hpp"
#include "lpctl/wording.hpp"

#include <fmt/format.h>

namespace livepatch::lpctl {

namespace {

using report::PatchReport;

class ShowText {
public:
    explicit ShowText(Terminal const& terminal) : terminal_(terminal) {}

    // Nothing for an empty text.
    void line(std::string_view label, std::string_view text, Tone tone = Tone::plain);
    void functions(PatchReport const& patch);
    void candidates(PatchReport const& patch);

    std::string const& text() const { return out_; }

private:
    Terminal const& terminal_;
    std::string out_;
};

void ShowText::line(std::string_view label, std::string_view text, Tone tone) {
    if (text.empty())
        return;
    // Nothing is cut: whoever asks for all of a patch may want to copy a digest.
    out_ += painted(terminal_, Tone::strong, fmt::format("{:<12}", label)) + " " +
            painted(terminal_, tone, base::escaped(text)) + "\n";
}

void ShowText::functions(PatchReport const& patch) {
    std::string_view label = "Functions";
    for (auto const& function : patch.functions) {
        line(
            label,
            function.object + ": " + function.name + (function.patched ? ", patched" : ""),
            function.patched ? Tone::plain : Tone::faint
        );
        label = "";
    }
}

void ShowText::candidates(PatchReport const& patch) {
    std::string_view label = "Offered by";
    for (auto const& candidate : patch.candidates) {
        auto text = fmt::format("{}: {}, {}", candidate.source, candidate.id, candidate.sha256);
        line(label, text + (candidate.chosen ? ", chosen" : ""));
        label = "";
    }
}

std::string show_text(View const& view, PatchReport const& patch, Terminal const& terminal) {
    auto const now = std::chrono::system_clock::now();
    ShowText show(terminal);
    show.line("Patch", patch.name, Tone::strong);
    if (patch.id != patch.name)
        show.line("Id", patch.id);
    show.line("Version", patch.version);
    show.line("State", state_text(patch, view.tasks_known, now), state_tone(patch));
    show.line("Disposition", name(patch.disposition));
    show.line("Reason", patch.reason);
    show.line("Flags", fmt::format("{}", fmt::join(patch.flags, ", ")));
    show.line("Loaded", since_text(patch.loaded_at, now));
    show.line("Source", patch.source);
    show.line("Severity", patch.severity);
    show.line("CVEs", fmt::format("{}", fmt::join(patch.cves, ", ")));
    show.line("Signer", patch.signer);
    show.line("SHA-256", patch.sha256);
    if (patch.replace != report::Replace::unknown)
        show.line("Cumulative", name(patch.replace));
    if (patch.probation != report::Probation::none)
        show.line("Probation", name(patch.probation));
    show.functions(patch);
    show.candidates(patch);
    return show.text();
}

} // namespace

Outcome<int> show(Context& context, ShowOptions const& options) {
    auto const reading = read_all(context);
    if (!reading)
        return reading.error();
    auto const& view = reading->view;
    auto const found = find_patch(view, options.patch);
    if (!found)
        return found.error();
    if (!options.json) {
        context.out << show_text(view, **found, context.out_terminal);
        return exit_status::done;
    }
    auto const all = view_json(view);
    auto const index = static_cast<std::size_t>(*found - view.report.patches.data());
    context.print(
        {{"schema", all["schema"]}, {"daemon", all["daemon"]}, {"patch", all["patches"][index]}}
    );
    return exit_status::done;
}

} // namespace livepatch::lpctl
