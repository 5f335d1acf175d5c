#include "repository/brake_list.hpp"

#include "repository/patch_entry.hpp"
#include "repository/words.hpp"

#include <utility>

namespace livepatch::repository {

namespace {

constexpr std::string_view brake_schema = "livepatchd.brake/1";
constexpr std::size_t most_modules = 4096;

} // namespace

base::Result<BrakeList> parse_brake_list(std::string_view text, std::string_view subject) {
    auto const document = base::FlatJson::parse(text, subject, {.size = max_brake_size});
    if (!document)
        return document.error();
    BrakeList list;
    std::optional<std::string> wrong;
    EntryReader const reader(document->root(), wrong);
    reader.need("schema", reader.has("schema"));
    check_schema(reader, brake_schema);
    reader.need("modules", reader.has("modules"));
    reader.objects("modules", most_modules, [&](EntryReader const& module) {
        std::string sha256;
        std::string reason;
        module.need(
            "sha256", module.text("sha256", sha256, is_sha256, "a SHA-256 in lower-case hex")
        );
        module.text("reason", reason, is_text, "a text");
        list.insert_or_assign(std::move(sha256), std::move(reason));
    });
    if (!wrong)
        return list;
    return base::Error{
        .code = base::Errc::verification_failed,
        .subject = std::string(subject),
        .cause = std::move(*wrong),
        .remedy = "its publisher has to mend it"};
}

} // namespace livepatch::repository
