#include "cli/steps.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

bool is_done(Json const& step) {
    return flag_or(step, "ok", false) || flag_or(step, "done", false);
}

}  // namespace

std::string step_line(Json const& step, Style const& style) {
    bool done = is_done(step);
    auto symbol = done ? style(Ink::green, "✓") : style(Ink::cyan, "…");
    return fmt::format("{} {}", symbol, printable(text_or(step, "text", text_or(step, "step", ""))));
}

JsonSink step_sink(Context& context) {
    return [&context](Json const& step) {
        Screen& screen = context.screen();
        screen.document(step);
        auto line = step_line(step, screen.note_style());
        bool done = is_done(step);
        if (!done && screen.is_terminal()) {
            screen.passing(line);
            return true;
        }
        screen.passing("");
        screen.note(line);
        return true;
    };
}

}  // namespace fleet::cli
