#include <fleet/pattern.hpp>

#include "model/code_points.hpp"
#include "model/path_segments.hpp"

#include <algorithm>

namespace fleet {
namespace {

using Segment = std::u32string;
using Segments = std::vector<Segment>;

// Wildcards stand beyond the last code point, so that a segment is a string of tokens.
constexpr char32_t any_run = 0x110000;
constexpr char32_t any_one = 0x110001;
constexpr char32_t any_one_but_dot = 0x110002;
constexpr char32_t any_segments = 0x110003;  // the only token of the segment `**`
constexpr char32_t sample = U'x';            // what a witness puts where anything will do

bool spans_segments(Segment const& segment) {
    return segment.front() == any_segments;
}

// What both tokens accept, neither being a run; empty if nothing is.
std::optional<char32_t> meet(char32_t a, char32_t b) {
    if (a == b) return a == any_one || a == any_one_but_dot ? sample : a;
    if (a == any_one) return b == any_one_but_dot ? sample : b;
    if (b == any_one) return meet(b, a);
    if (a == any_one_but_dot) return b == U'.' ? std::nullopt : std::optional(b);
    if (b == any_one_but_dot) return meet(b, a);
    return std::nullopt;
}

// Depth first over pairs of positions: what is left of `a` and of `b` to be matched by the same characters.
// A pair that failed once is never tried again, so the work is bounded by the product of the lengths.
class SegmentMeeting {
public:
    SegmentMeeting(Segment const& a, Segment const& b)
        : a_(a), b_(b), failed_((a.size() + 1) * (b.size() + 1)) {}

    std::optional<Segment> run() {
        if (!from(0, 0)) return std::nullopt;
        std::reverse(found_.begin(), found_.end());
        if (found_.empty()) found_.push_back(sample);  // `*` against `*`: a segment of a path is not empty
        return found_;
    }

private:
    bool from(std::size_t i, std::size_t j) {
        auto const pair = i * (b_.size() + 1) + j;
        if (failed_[pair]) return false;
        if (i == a_.size() && j == b_.size()) return true;
        if (step(i, j)) return true;
        failed_[pair] = true;
        return false;
    }

    bool step(std::size_t i, std::size_t j) {
        bool const run_a = i < a_.size() && a_[i] == any_run;
        bool const run_b = j < b_.size() && b_[j] == any_run;
        if (run_a && from(i + 1, j)) return true;
        if (run_b && from(i, j + 1)) return true;
        if (run_a && run_b) return false;  // one of two runs can always be the one that ends first
        if (run_a) return j < b_.size() && take(meet(any_one, b_[j]), i, j + 1);
        if (run_b) return i < a_.size() && take(meet(a_[i], any_one), i + 1, j);
        return i < a_.size() && j < b_.size() && take(meet(a_[i], b_[j]), i + 1, j + 1);
    }

    bool take(std::optional<char32_t> token, std::size_t i, std::size_t j) {
        if (!token || !from(i, j)) return false;
        found_.push_back(*token);
        return true;
    }

    Segment const& a_;
    Segment const& b_;
    std::vector<bool> failed_;
    Segment found_{};  // in reverse
};

// "." and ".." are no segments of a path, so a pattern that can be nothing longer must not match them.
// Patterns with a run need no care: if both match ".", both match ".x." too, and likewise for "..".
std::vector<Segment> without_dots(Segment const& segment) {
    if (segment == Segment{any_one}) return {{any_one_but_dot}};
    if (segment == Segment{U'.', any_one}) return {{U'.', any_one_but_dot}};
    if (segment == Segment{any_one, U'.'}) return {{any_one_but_dot, U'.'}};
    if (segment == Segment{any_one, any_one}) return {{any_one_but_dot, any_one}, {any_one, any_one_but_dot}};
    return {segment};
}

std::optional<Segment> segment_witness(Segment const& a, Segment const& b) {
    for (auto const& variant_a : without_dots(a)) {
        for (auto const& variant_b : without_dots(b)) {
            auto found = SegmentMeeting(variant_a, variant_b).run();
            if (!found) continue;
            if (*found == U"." || *found == U"..") found = *found + sample + *found;
            return found;
        }
    }
    return std::nullopt;
}

// The same walk one level up: segments instead of characters, `**` instead of `*`.
class PathMeeting {
public:
    PathMeeting(Segments const& a, Segments const& b)
        : a_(a), b_(b), failed_((a.size() + 1) * (b.size() + 1)) {}

    std::optional<std::string> run() {
        if (!from(0, 0)) return std::nullopt;
        if (found_.empty()) found_.push_back({sample});  // `**` against `**`: a path is not empty
        std::string path;
        for (auto segment = found_.rbegin(); segment != found_.rend(); ++segment) {
            path += (path.empty() ? "" : "/") + utf8(*segment);
        }
        return path;
    }

private:
    bool from(std::size_t i, std::size_t j) {
        auto const pair = i * (b_.size() + 1) + j;
        if (failed_[pair]) return false;
        if (i == a_.size() && j == b_.size()) return true;
        if (step(i, j)) return true;
        failed_[pair] = true;
        return false;
    }

    bool step(std::size_t i, std::size_t j) {
        static Segment const anything{any_run};
        bool const span_a = i < a_.size() && spans_segments(a_[i]);
        bool const span_b = j < b_.size() && spans_segments(b_[j]);
        if (span_a && from(i + 1, j)) return true;
        if (span_b && from(i, j + 1)) return true;
        if (span_a && span_b) return false;
        if (span_a) return j < b_.size() && take(anything, b_[j], i, j + 1);
        if (span_b) return i < a_.size() && take(a_[i], anything, i + 1, j);
        return i < a_.size() && j < b_.size() && take(a_[i], b_[j], i + 1, j + 1);
    }

    bool take(Segment const& a, Segment const& b, std::size_t i, std::size_t j) {
        auto segment = segment_witness(a, b);
        if (!segment || !from(i, j)) return false;
        found_.push_back(std::move(*segment));
        return true;
    }

    Segments const& a_;
    Segments const& b_;
    std::vector<bool> failed_;
    Segments found_{};  // in reverse
};

// Splits a text that was checked; `tokens` says whether `*` and `?` are wildcards or characters.
Segments split(std::string_view text, bool tokens) {
    Segments segments;
    Segment segment;
    for (char32_t const point : code_points(text).value_or(Segment{})) {
        if (point == U'/') {
            segments.push_back(std::move(segment));
            segment.clear();
        } else if (tokens && point == U'*') {
            segment.push_back(any_run);
        } else if (tokens && point == U'?') {
            segment.push_back(any_one);
        } else {
            segment.push_back(point);
        }
    }
    segments.push_back(std::move(segment));
    for (auto& each : segments) {
        if (each == Segment{any_run, any_run}) each = {any_segments};
    }
    return segments;
}

// "dir/" to "dir/**"; runs of `**` segments to one. The language stays the same.
std::string canonical(std::string_view text) {
    std::string whole(text);
    if (whole.size() > 1 && whole.back() == '/' && whole[whole.size() - 2] != '/') whole += "**";
    for (std::size_t at = 0; (at = whole.find("**/**", at)) != std::string::npos;) {
        bool const begins = at == 0 || whole[at - 1] == '/';
        bool const ends = at + 5 == whole.size() || whole[at + 5] == '/';
        if (begins && ends)
            whole.erase(at, 3);
        else
            at += 1;
    }
    return whole;
}

std::optional<std::string> characters_problem(std::u32string_view points) {
    for (char32_t const point : points) {
        if (point < 0x20 || point == 0x7F) return "holds a control character";
        if (point == U'[' || point == U'!' || point == U'{' || point == U'\\') {
            return "holds \"" + utf8({&point, 1}) +
                   "\"; only *, ? and ** are special, and ? stands for one character";
        }
    }
    return std::nullopt;
}

std::optional<std::string> spans_problem(std::string_view text) {
    for (std::size_t at = 0; (at = text.find("**", at)) != std::string_view::npos; at += 2) {
        bool const begins = at == 0 || text[at - 1] == '/';
        bool const ends = at + 2 == text.size() || text[at + 2] == '/';
        if (!begins || !ends) return "has ** as part of a segment; it must stand alone between slashes";
    }
    return std::nullopt;
}

std::optional<std::string> problem_of(std::string_view text) {
    if (text.empty()) return "is empty";
    if (text.size() > pattern_bytes_max) return "is longer than 256 bytes";
    auto const points = code_points(text);
    if (!points) return "is not valid UTF-8";
    if (auto problem = characters_problem(*points)) return problem;
    if (auto problem = segments_problem(text)) return problem;
    if (auto problem = spans_problem(text)) return problem;
    if (std::count(text.begin(), text.end(), '/') >= static_cast<std::ptrdiff_t>(pattern_segments_max)) {
        return "has more than 16 segments";
    }
    return std::nullopt;
}

}  // namespace

Pattern::Pattern(std::string text) : text_(std::move(text)), segments_(split(text_, true)) {}

Result<Pattern> Pattern::parse(std::string_view text, std::string_view field) {
    auto whole = canonical(text);
    if (auto const problem = problem_of(whole)) {
        return make_error(ErrorCode::invalid_field, "the pattern " + *problem, std::string(field));
    }
    return Pattern(std::move(whole));
}

bool Pattern::is_literal() const noexcept {
    return text_.find_first_of("*?") == std::string::npos;
}

std::string_view Pattern::literal_prefix() const noexcept {
    return std::string_view(text_).substr(0, text_.find_first_of("*?"));
}

// A path is a pattern whose every character stands for itself.
bool Pattern::matches(std::string_view path) const {
    auto const literal = split(path, false);
    return PathMeeting(segments_, literal).run().has_value();
}

bool overlaps(Pattern const& a, Pattern const& b) {
    return a == b || witness(a, b).has_value();
}

std::optional<std::string> witness(Pattern const& a, Pattern const& b) {
    return PathMeeting(a.segments_, b.segments_).run();
}

}  // namespace fleet
