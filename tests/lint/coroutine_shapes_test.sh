#!/bin/bash
# Does coroutine_shapes.sh find every bad shape, and nothing in the good ones?
set -euo pipefail
lint=$(dirname "$(readlink -f "$0")")/coroutine_shapes.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# Snippets are separated by lines of dashes.
snippets() { csplit --quiet --prefix="$work/$1-" --suppress-matched - '/^---$/' '{*}'; }

snippets bad <<'END'
auto r = co_await f([x] { return x; });
---
auto r = co_await f([x]() mutable -> task { co_return x; });
---
auto r = co_await f(std::function<int()>([s] { return 1; }));
---
co_await f(Agg{1, s});
---
co_await f({.id = 1, .name = s});
---
co_return co_await f(Result<T>{Error{code, "text"}});
---
co_await f(
    first,
    Agg{1, s}
);
---
auto result = co_await asio::co_spawn(
    pool,
    [copy]() -> task { co_return; },
    asio::use_awaitable
);
---
if (co_await f()) g();
---
if ((co_await f()).empty())
    g();
---
switch (co_await f()) {
}
---
while (co_await f()) {
}
---
if (auto r = co_await f(); !r) {
}
---
if (a &&
    co_await f()) {
}
---
co_await f({Probe{}, Probe{}});
END

snippets good <<'END'
auto x = co_await f(named);
---
co_await f(std::move(named));
---
co_return co_await f(x);
---
auto [a, b] = co_await f();
---
if (ready) {
    co_await f(names);
}
---
if (ready) co_await f(names);
---
while (more) {
    auto x = co_await f("text with { and [", '{');
}
---
// if (co_await f()) and co_await f({1})
/* co_await f(Agg{}) */
auto text = R"(co_await f({1}))";
---
for (auto& x : co_await list()) {
    use(x);
}
---
auto value = Agg{1, s};
co_await f(value, list[0]);
return {};
END

for file in "$work"/bad-*; do
    if "$lint" "$file" >/dev/null; then
        printf 'not found:\n%s\n' "$(<"$file")"
        failed=1
    fi
done
for file in "$work"/good-*; do
    if ! output=$("$lint" "$file"); then
        printf 'wrongly found: %s\n' "$output"
        failed=1
    fi
done
exit "$failed"
