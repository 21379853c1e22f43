#pragma once
// Rows in columns, two spaces apart, without frames: good for eyes and for `awk`.
#include "cli/screen/style.hpp"

#include <string>
#include <vector>

namespace fleet::cli {

class Table {
public:
    explicit Table(std::vector<std::string> heads) : heads_(std::move(heads)) {}

    void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    bool is_empty() const { return rows_.empty(); }
    // The last column is cut where the terminal ends; `columns` 0: never.
    std::string text(Style const& style, std::size_t columns) const;

private:
    std::vector<std::string> heads_;
    std::vector<std::vector<std::string>> rows_{};
};

}  // namespace fleet::cli
