#include "cli/failure.hpp"

#include "base/text.hpp"
#include "report/error_name.hpp"
#include "report/report_json.hpp"

#include <utility>

namespace livepatch::cli {

Failure::Failure(base::Error what)
    : error(std::move(what)),
      exit(report::exit_status(error.code)),
      name(report::error_name(error.code)) {}

Failure::Failure(base::Error what, int status, std::string_view word)
    : error(std::move(what)),
      exit(status),
      name(word) {}

void throw_exception_from_error(Failure const& failure, boost::source_location const& where) {
    base::throw_exception_from_error(failure.error, where);
}

Failure usage_error(std::string cause, std::string remedy) {
    return base::Error{
        .code = base::Errc::invalid_argument,
        .subject = {},
        .cause = std::move(cause),
        .remedy = std::move(remedy)};
}

std::string failure_text(std::string_view program, Failure const& failure) {
    auto text = std::string(program) + ": " + base::describe(failure.error) + "\n";
    for (auto const& line : failure.error.kernel_log)
        text += "  kernel: " + base::escaped(line) + "\n";
    return text;
}

Json failure_json(Failure const& failure) {
    auto details = failure.details;
    if (!failure.error.kernel_log.empty())
        details["kernel_log"] = failure.error.kernel_log;
    if (!failure.error.remedy.empty())
        details["remedy"] = failure.error.remedy;
    auto message = failure.error.cause;
    if (!failure.error.subject.empty())
        message.insert(0, failure.error.subject + ": ");
    return {
        {"schema", report::schema_version},
        {"error", {{"name", failure.name}, {"message", message}, {"details", details}}}};
}

} // namespace livepatch::cli
