#include "tasks/wire.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace livepatch::tasks::wire {

namespace {

constexpr std::string_view magic = "lptasks1";
constexpr char a_list = 'T';
constexpr char a_failure = 'E';

// As much of the text as may be written: what is cut off was too long to be true.
std::string_view sendable(std::string_view text, std::size_t longest) {
    return text.substr(0, std::min(longest, text.find('\0')));
}

class Writer {
public:
    void byte(std::uint8_t value) { bytes_ += static_cast<char>(value); }

    void number(std::size_t value, unsigned size) {
        for (unsigned i = 0; i < size; ++i)
            byte(static_cast<std::uint8_t>(value >> (8 * i)));
    }

    void text(std::string_view text, std::size_t longest) {
        auto const sent = sendable(text, longest);
        number(sent.size(), 2);
        bytes_ += sent;
    }

    void raw(std::string_view text) { bytes_ += text; }

    std::string const& bytes() const { return bytes_; }

private:
    std::string bytes_;
};

// Takes pieces from the front. After a piece that is not there, or not right, all that follow are
// empty and ok() is false: to be looked at once in a while, and at the end.
class Reader {
public:
    explicit Reader(std::string_view bytes) : left_(bytes) {}

    bool ok() const { return ok_; }

    bool at_end() const { return left_.empty(); }

    void require(bool good) { ok_ = ok_ && good; }

    std::string_view raw(std::size_t size) {
        require(size <= left_.size());
        if (!ok_)
            return {};
        auto const piece = left_.substr(0, size);
        left_.remove_prefix(size);
        return piece;
    }

    std::uint32_t number(unsigned size) {
        std::uint32_t value = 0;
        unsigned shift = 0;
        for (char const byte : raw(size)) {
            value |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(byte)) << shift;
            shift += 8;
        }
        return value;
    }

    std::uint32_t number_up_to(std::size_t largest, unsigned size) {
        auto const value = number(size);
        require(value <= largest);
        return ok_ ? value : 0;
    }

    std::string text(std::size_t longest) {
        auto const piece = raw(number_up_to(longest, 2));
        require(piece.find('\0') == std::string_view::npos);
        return std::string(ok_ ? piece : std::string_view());
    }

private:
    std::string_view left_;
    bool ok_ = true;
};

void write(Writer& out, kernel::BlockingTask const& task) {
    out.number(static_cast<std::size_t>(task.pid), 4);
    out.number(static_cast<std::size_t>(task.tid), 4);
    out.number(task.uid, 4);
    out.byte(static_cast<std::uint8_t>(task.state));
    out.byte(task.kthread ? 1 : 0);
    out.text(task.comm, longest_comm);
    out.text(task.unit, longest_name);
    out.text(task.container, longest_name);
    out.text(task.wchan, longest_frame);
    auto const frames = std::min(task.stack.size(), most_frames);
    out.number(frames, 1);
    for (std::size_t i = 0; i < frames; ++i)
        out.text(task.stack[i], longest_frame);
}

bool is_state(char state) {
    return state == '?' || (state >= 'A' && state <= 'Z') || (state >= 'a' && state <= 'z');
}

kernel::BlockingTask read_task(Reader& in) {
    kernel::BlockingTask task;
    task.pid = static_cast<pid_t>(in.number_up_to(largest_id, 4));
    task.tid = static_cast<pid_t>(in.number_up_to(largest_id, 4));
    in.require(task.pid > 0 && task.tid > 0);
    task.uid = in.number(4);
    task.state = static_cast<char>(in.number(1));
    in.require(is_state(task.state));
    task.kthread = in.number_up_to(1, 1) == 1;
    task.comm = in.text(longest_comm);
    task.unit = in.text(longest_name);
    task.container = in.text(longest_name);
    task.wchan = in.text(longest_frame);
    auto const frames = in.number_up_to(most_frames, 1);
    for (std::uint32_t i = 0; i < frames && in.ok(); ++i)
        task.stack.push_back(in.text(longest_frame));
    return task;
}

kernel::TaskScan read_scan(Reader& in) {
    kernel::TaskScan scan;
    scan.unreadable = in.number_up_to(largest_id, 4);
    scan.omitted = in.number_up_to(largest_id, 4);
    auto const count = in.number_up_to(most_tasks, 4);
    pid_t last = 0;
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
        auto task = read_task(in);
        in.require(task.tid > last);
        last = task.tid;
        scan.tasks.push_back(std::move(task));
    }
    return scan;
}

base::Error nonsense(std::string_view answer) {
    return {
        .code = base::Errc::failed,
        .subject = "livepatch-tasks",
        .cause = answer.empty() ? "gives no answer" : "the answer is not a list of tasks",
        .remedy = "see 'journalctl -u livepatch-tasks'",
    };
}

std::string encode_tasks(kernel::TaskScan const& scan) {
    Writer tasks;
    std::size_t count = 0;
    constexpr std::size_t largest_list = largest_answer - 64; // what comes before it is less
    for (auto const& task : scan.tasks) {
        Writer one;
        write(one, task);
        if (count == most_tasks || tasks.bytes().size() + one.bytes().size() > largest_list)
            break;
        tasks.raw(one.bytes());
        ++count;
    }
    auto const omitted = scan.omitted + scan.tasks.size() - count;
    Writer out;
    out.raw(magic);
    out.byte(a_list);
    out.number(std::min<std::size_t>(scan.unreadable, largest_id), 4);
    out.number(std::min<std::size_t>(omitted, largest_id), 4);
    out.number(count, 4);
    out.raw(tasks.bytes());
    return out.bytes();
}

} // namespace

std::string request(int target) {
    return target == 0 ? "target 0\n" : "target 1\n";
}

std::optional<int> parse_request(std::string_view text) {
    for (int const target : {0, 1})
        if (text == request(target))
            return target;
    return std::nullopt;
}

std::string encode(base::Result<kernel::TaskScan> const& scan) {
    if (scan)
        return encode_tasks(*scan);
    Writer out;
    out.raw(magic);
    out.byte(a_failure);
    out.text(describe(scan.error()), longest_failure);
    return out.bytes();
}

base::Result<kernel::TaskScan> decode(std::string_view answer) {
    Reader in(answer.substr(0, largest_answer));
    in.require(answer.size() <= largest_answer && in.raw(magic.size()) == magic);
    auto const kind = static_cast<char>(in.number(1));
    in.require(kind == a_list || kind == a_failure);
    if (kind == a_failure) {
        auto cause = in.text(longest_failure);
        if (!in.ok() || !in.at_end())
            return nonsense(answer);
        return base::Error{
            .code = base::Errc::failed,
            .subject = "livepatch-tasks",
            .cause = std::move(cause),
            .remedy = {},
        };
    }
    auto scan = read_scan(in);
    if (!in.ok() || !in.at_end())
        return nonsense(answer);
    return scan;
}

} // namespace livepatch::tasks::wire
