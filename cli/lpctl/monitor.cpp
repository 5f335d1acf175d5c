// lpctl monitor: what happens, as it happens, until it is interrupted.
// --json: an object a line. Events as those of history; {"schema":1,"daemon":"absent"} when the
// daemon goes, and "running" when it is there again.

#include "base/text.hpp"
#include "dbus_client/event_stream.hpp"
#include "lpctl/interrupt.hpp"
#include "lpctl/moment.hpp"
#include "lpctl/told_event.hpp"
#include "lpctl/verbs.hpp"
#include "report/report_json.hpp"

#include <fmt/format.h>

namespace livepatch::lpctl {

namespace {

using Kind = dbus_client::News::Kind;

std::string line_text(ToldEvent const& told) {
    auto const& event = told.event;
    auto text = fmt::format(
        "{}  {:<16}  {}{}{}  [{}]\n",
        moment_text(event.time),
        base::escaped(told.kind),
        base::escaped(event.patch),
        event.patch.empty() ? "" : "  ",
        base::escaped(what_text(told)),
        base::escaped(who_text(told))
    );
    for (auto const& line : event.kernel_log)
        text += "    kernel: " + base::escaped(line) + "\n";
    return text;
}

class Printer {
public:
    Printer(Context& context, bool json) : context_(context), json_(json) {}

    void print(dbus_client::News const& news) const {
        if (news.kind == Kind::event)
            return print(told(news.event));
        bool const there = news.kind == Kind::appeared;
        context_.err << (there ? "lpctl: livepatchd runs again\n"
                               : "lpctl: livepatchd has ended; waiting until it runs again\n")
                     << std::flush;
        if (json_)
            context_.print_line(
                {{"schema", report::schema_version}, {"daemon", there ? "running" : "absent"}}
            );
    }

private:
    void print(ToldEvent const& told) const {
        if (!json_) {
            context_.out << line_text(told) << std::flush;
            return;
        }
        Json line{{"schema", report::schema_version}};
        line.update(told_json(told));
        context_.print_line(line);
    }

    Context& context_;
    bool json_;
};

} // namespace

Outcome<int> monitor(Context& context, MonitorOptions const& options) {
    Interrupt const interrupt;
    auto stream = dbus_client::EventStream::open(context.bus_address, context.patience.bus);
    if (!stream)
        return Failure(stream.error());
    if (!options.json)
        context.err << "Waiting for what happens; Ctrl-C ends it.\n" << std::flush;
    Printer const printer(context, options.json);
    for (;;) {
        auto const news = stream->next([&] { return Interrupt::signal() == 0 && context.out; });
        if (!news)
            return Failure(news.error());
        if (!*news)
            break;
        printer.print(**news);
    }
    Interrupt::obeyed(); // that is how it is meant to end
    return exit_status::done;
}

} // namespace livepatch::lpctl
