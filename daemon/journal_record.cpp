#include "journal_record.hpp"

#include "base/text.hpp"

#include <array>
#include <cstddef>
#include <string_view>
#include <syslog.h>

namespace livepatch::daemon {

namespace {

using report::EventKind;

struct Row {
    EventKind kind;
    char const* id; // made once with `systemd-id128 new`
    int priority;
};

// In the order of the enumeration.
constexpr std::array table{
    Row{EventKind::loaded, "4100aa1502dd46b28e3462aec8dba087", LOG_NOTICE},
    Row{EventKind::enabled, "bec5a2c926cf46b182bed6c22bb10fbc", LOG_NOTICE},
    Row{EventKind::disabling, "42033edd239c4e97b01cdcef6ebbf261", LOG_NOTICE},
    Row{EventKind::disabled, "f791b39558c94cec822d20946b3e5fe8", LOG_NOTICE},
    Row{EventKind::removed, "f4228b558fdb4dc9bfd4aeeed0b20125", LOG_NOTICE},
    Row{EventKind::replaced, "71d3c3eb72434e82a68aad17447c32cd", LOG_NOTICE},
    Row{EventKind::load_failed, "e1771fe649bb481a8c49c4b67127b03e", LOG_ERR},
    Row{EventKind::rejected, "c017a3d1a7b74403b968db3b6acc079d", LOG_WARNING},
    Row{EventKind::held, "eb6ae7c5f29e4615a9e6517fc3b7cc4b", LOG_NOTICE},
    Row{EventKind::unheld, "3be49c15959c441cbd74b601e66509d3", LOG_NOTICE},
    Row{EventKind::paused, "2683ec02177c43f280ddec13a5d41201", LOG_NOTICE},
    Row{EventKind::resumed, "3e5550086ab14829b2e4f922b69b7dbe", LOG_NOTICE},
    Row{EventKind::foreign_change, "7be3a82b9c2248e6a674e191f3712955", LOG_WARNING},
    Row{EventKind::operation_failed, "9044545e302e4c5daf18fbe2670cae63", LOG_ERR},
    Row{EventKind::stalled, "d7c45434f7c3452f833b8150119510ee", LOG_WARNING},
    Row{EventKind::reversed, "b0b019f55d154e92a86bacd5051b0939", LOG_WARNING},
    Row{EventKind::proved, "e012689c36fa426699ca16e41facdee0", LOG_NOTICE},
    Row{EventKind::harmful, "33a35bb96ab541e38e252d3f079552a7", LOG_CRIT},
    Row{EventKind::harm_elsewhere, "80c95cf4e6844d25b14c01089cb4b442", LOG_WARNING},
    Row{EventKind::crashed, "7efcf4ee22ae4c43919259b60b68e487", LOG_WARNING},
    Row{EventKind::quarantined, "43eacbf3aaae4dd5af8a37db8489d6d1", LOG_ERR},
    Row{EventKind::boot_loop, "43fe8246609442eead7dcd3b5a65b1b8", LOG_CRIT},
    Row{EventKind::withdrawn, "6a3e41850dd148b390e6aeb72a481d7f", LOG_WARNING},
    Row{EventKind::source_failed, "58fd519aeffb4513b967f570bcc2330e", LOG_WARNING},
    Row{EventKind::source_recovered, "63e97cb1505c4aeda9899c412c4f89c1", LOG_NOTICE},
    Row{EventKind::trust_reset, "64a05970152541269c917656b153ade4", LOG_NOTICE},
};

constexpr bool is_in_order() {
    for (std::size_t i = 0; i < table.size(); ++i)
        if (table[i].kind != static_cast<EventKind>(i))
            return false;
    return true;
}

static_assert(is_in_order());
static_assert(table.size() == static_cast<std::size_t>(report::last_event_kind) + 1);

Row const& row(EventKind kind) {
    return table.at(static_cast<std::size_t>(kind));
}

class Fields {
public:
    void add(std::string_view name, std::string_view value) {
        if (!value.empty())
            fields_.push_back(std::string(name) + '=' + base::escaped(value));
    }

    void add(std::string_view name, std::chrono::microseconds duration) {
        if (duration.count() != 0)
            add(name, std::to_string(duration.count()));
    }

    std::vector<std::string> take() { return std::move(fields_); }

private:
    std::vector<std::string> fields_;
};

} // namespace

char const* message_id(EventKind kind) {
    return row(kind).id;
}

int priority(EventKind kind) {
    return row(kind).priority;
}

std::string journal_message(report::Event const& event) {
    auto text = base::escaped(event.message);
    for (auto const& line : event.kernel_log)
        text += "\n  kernel: " + base::escaped(line);
    return text;
}

// The catalogue speaks of @LIVEPATCH_NAME@.
std::vector<std::string> journal_fields(report::Event const& event) {
    Fields fields;
    fields.add("MESSAGE_ID", message_id(event.kind));
    fields.add("LIVEPATCH_EVENT", name(event.kind));
    fields.add("LIVEPATCH_OUTCOME", name(outcome(event.kind)));
    fields.add("LIVEPATCH_NAME", event.patch);
    fields.add("LIVEPATCH_PATCH", event.patch);
    fields.add("LIVEPATCH_ID", event.id);
    fields.add("LIVEPATCH_VERSION", event.version);
    fields.add("LIVEPATCH_SHA256", event.sha256);
    fields.add("LIVEPATCH_SIGNER", event.signer);
    fields.add("LIVEPATCH_SOURCE", event.source);
    fields.add("LIVEPATCH_TRIGGER", name(event.trigger));
    if (event.caller.uid)
        fields.add("LIVEPATCH_CALLER_UID", std::to_string(*event.caller.uid));
    fields.add("LIVEPATCH_CALLER_SENDER", event.caller.sender);
    fields.add("LIVEPATCH_CALLER_UNIT", event.caller.unit);
    fields.add("LIVEPATCH_REASON", event.reason);
    fields.add("LIVEPATCH_VERIFY_USEC", event.durations.verify);
    fields.add("LIVEPATCH_LOAD_USEC", event.durations.load);
    fields.add("LIVEPATCH_TRANSITION_USEC", event.durations.transition);
    for (auto const& blocker : event.blockers)
        fields.add("LIVEPATCH_BLOCKER", blocker); // a field may be there more than once
    return fields.take();
}

} // namespace livepatch::daemon
