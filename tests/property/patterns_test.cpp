// The algebra against a matcher so plain that it can be believed: every path over a small alphabet is tried.
#include <fleet/path.hpp>
#include <fleet/pattern.hpp>

#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

// These properties cost microseconds: try more of them than the default 100, unless the run says otherwise.
[[maybe_unused]] int const tries = ::setenv("RC_PARAMS", "max_success=3000", 0);

using Words = std::vector<std::string>;

bool segment_fits(std::string_view glob, std::string_view text) {
    if (glob.empty()) return text.empty();
    if (glob.front() == '*') {
        return segment_fits(glob.substr(1), text) || (!text.empty() && segment_fits(glob, text.substr(1)));
    }
    if (text.empty() || (glob.front() != '?' && glob.front() != text.front())) return false;
    return segment_fits(glob.substr(1), text.substr(1));
}

bool path_fits(std::span<std::string const> glob, std::span<std::string const> path) {
    if (glob.empty()) return path.empty();
    if (glob.front() == "**") {
        return path_fits(glob.subspan(1), path) || (!path.empty() && path_fits(glob, path.subspan(1)));
    }
    return !path.empty() && segment_fits(glob.front(), path.front()) &&
           path_fits(glob.subspan(1), path.subspan(1));
}

Words split(std::string_view text) {
    Words words(1);
    for (char const c : text) {
        if (c == '/')
            words.emplace_back();
        else
            words.back().push_back(c);
    }
    return words;
}

bool fits(std::string_view glob, std::string_view path) {
    return path_fits(split(glob), split(path));
}

// All words of 1 to `length` letters.
Words words_of(std::string_view letters, std::size_t length) {
    Words all, last{""};
    for (std::size_t n = 1; n <= length; ++n) {
        Words next;
        for (auto const& word : last) {
            for (char const letter : letters) next.push_back(word + letter);
        }
        all.insert(all.end(), next.begin(), next.end());
        last = std::move(next);
    }
    return all;
}

// All sequences of 1 to `depth` segments.
Words paths_of(Words const& segments, std::size_t depth) {
    Words all, last{""};
    for (std::size_t n = 1; n <= depth; ++n) {
        Words next;
        for (auto const& path : last) {
            for (auto const& segment : segments)
                next.push_back(path.empty() ? segment : path + "/" + segment);
        }
        all.insert(all.end(), next.begin(), next.end());
        last = std::move(next);
    }
    return all;
}

struct Known {
    fleet::Pattern pattern;
    std::vector<std::uint64_t> fitting;  // one bit a path
};

std::vector<Known> know(Words const& globs, Words const& paths) {
    std::vector<Words> split_paths;
    for (auto const& path : paths) split_paths.push_back(split(path));
    std::vector<Known> all;
    for (auto const& glob : globs) {
        auto parsed = fleet::Pattern::parse(glob);
        if (!parsed) continue;
        Known known{std::move(*parsed), std::vector<std::uint64_t>((paths.size() + 63) / 64)};
        auto const words = split(glob);
        for (std::size_t at = 0; at < paths.size(); ++at) {
            if (path_fits(words, split_paths[at])) known.fitting[at / 64] |= std::uint64_t{1} << (at % 64);
        }
        all.push_back(std::move(known));
    }
    return all;
}

bool share_a_path(Known const& a, Known const& b) {
    for (std::size_t at = 0; at < a.fitting.size(); ++at) {
        if ((a.fitting[at] & b.fitting[at]) != 0) return true;
    }
    return false;
}

// Compares every pair, both ways round; the paths must reach as deep as any shortest common path.
std::size_t wrong_answers(std::vector<Known> const& all) {
    std::size_t wrong = 0;
    for (auto const& a : all) {
        for (auto const& b : all) {
            if (overlaps(a.pattern, b.pattern) == share_a_path(a, b)) continue;
            wrong += 1;
            if (wrong <= 5) UNSCOPED_INFO(a.pattern.str() << " and " << b.pattern.str());
        }
    }
    return wrong;
}

rc::Gen<std::string> segments_of(std::string const& letters, int length) {
    return rc::gen::suchThat(rc::gen::mapcat(rc::gen::inRange(1, length + 1),
                                             [letters](int n) {
                                                 return rc::gen::container<std::string>(
                                                     static_cast<std::size_t>(n),
                                                     rc::gen::elementOf(letters));
                                             }),
                             [](std::string const& text) {
                                 return text != "." && text != ".." && text.find("**") == std::string::npos;
                             });
}

rc::Gen<std::string> joined(rc::Gen<std::string> segment, int depth) {
    return rc::gen::map(
        rc::gen::mapcat(
            rc::gen::inRange(1, depth + 1),
            [segment](int n) { return rc::gen::container<Words>(static_cast<std::size_t>(n), segment); }),
        [](Words const& words) {
            std::string text;
            for (auto const& word : words) text += (text.empty() ? "" : "/") + word;
            return text;
        });
}

rc::Gen<std::string> random_globs() {
    return joined(rc::gen::weightedOneOf<std::string>(
                      {{1, rc::gen::just(std::string("**"))}, {3, segments_of("ab.*?", 5)}}),
                  7);
}

rc::Gen<std::string> random_paths() {
    return joined(segments_of("ab.", 4), 7);
}

fleet::Pattern pattern(std::string const& text) {
    return fleet::Pattern::parse(text).value();
}

}  // namespace

TEST_CASE("segments collide exactly when brute force finds a common name", "[property][pattern]") {
    auto names = words_of("ab.", 6);
    std::erase_if(names, [](std::string const& name) { return name == "." || name == ".."; });
    CHECK(wrong_answers(know(words_of("a.*?", 3), names)) == 0);
}

TEST_CASE("patterns collide exactly when brute force finds a common path", "[property][pattern]") {
    auto const paths = paths_of({"a", "b", "ab", "ba", "x"}, 6);
    CHECK(wrong_answers(know(paths_of({"a", "?", "*", "a*", "*b", "**"}, 3), paths)) == 0);
}

TEST_CASE("a pattern matches what the plain matcher matches", "[property][pattern]") {
    CHECK(rc::check("matches", [] {
        auto const glob = *random_globs();
        auto const path = *random_paths();
        RC_ASSERT(pattern(glob).matches(path) == fits(glob, path));
    }));
}

TEST_CASE("a witness is a proper path that both patterns match, whichever comes first",
          "[property][pattern]") {
    CHECK(rc::check("witness", [] {
        auto const a = *random_globs();
        auto const b = *random_globs();
        auto const found = witness(pattern(a), pattern(b));
        RC_ASSERT(found.has_value() == overlaps(pattern(b), pattern(a)));
        RC_CLASSIFY(found.has_value(), "collide");
        if (!found) return;
        RC_ASSERT(fleet::check_path(*found).has_value());
        RC_ASSERT(fits(a, *found));
        RC_ASSERT(fits(b, *found));
    }));
}

TEST_CASE("a path that fits two patterns makes them collide", "[property][pattern]") {
    CHECK(rc::check("collision", [] {
        auto const path = *random_paths();
        auto const a = *random_globs();
        RC_ASSERT(overlaps(pattern(a), pattern(path)) == fits(a, path));
    }));
}

TEST_CASE("what parsing accepts, it accepts again unchanged", "[property][pattern]") {
    CHECK(rc::check("canonical", [] {
        auto const text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("a/*?.[!")));
        auto const parsed = fleet::Pattern::parse(text);
        if (!parsed) return;
        RC_ASSERT(pattern(parsed->str()) == *parsed);
        auto const path = *random_paths();
        RC_ASSERT(parsed->matches(path) == fits(text.back() == '/' ? text + "**" : text, path));
    }));
}
