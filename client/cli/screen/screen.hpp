#pragma once
// Where a command speaks. With --json the standard output carries documents only, one a line; everything for
// people is left out. Without it, answers go to the standard output and remarks to the standard error.
#include "cli/screen/style.hpp"
#include "cli/screen/table.hpp"

#include <fleet/error.hpp>
#include <fleet/json_value.hpp>

#include <string_view>

namespace fleet::cli {

class Screen {
public:
    Screen(bool json, bool quiet);

    bool is_json() const { return json_; }
    bool is_quiet() const { return quiet_; }
    Style const& style() const { return out_; }
    Style const& note_style() const { return err_; }

    // One JSON document on a line of its own; only with --json.
    void document(Json const& value) const;
    // A line of the answer; not with --json.
    void say(std::string_view line) const;
    // That something was done; not with --json or --quiet.
    void done(std::string_view line) const;
    void table(Table const& table, std::string_view when_empty) const;
    // A remark about how it goes; not with --json or --quiet.
    void note(std::string_view line) const;
    // A remark that replaces the one before on a terminal and is a line of its own elsewhere; "" removes it.
    void passing(std::string_view line);
    bool is_terminal() const { return terminal_; }
    void error(Error const& error);

private:
    void explain(Error const& error) const;

    bool json_;
    bool quiet_;
    bool terminal_;
    bool passing_ = false;
    Style out_;
    Style err_;
};

// A document that went out is out: the reader of a pipe waits for it.
void write_line(std::string_view line);

}  // namespace fleet::cli
