#include "cli/screen/table.hpp"

#include <algorithm>

namespace fleet::cli {
namespace {

using Cells = std::vector<std::string>;

std::vector<std::size_t> widths_of(Cells const& heads, std::vector<Cells> const& rows) {
    std::vector<std::size_t> widths;
    for (std::string const& head : heads) widths.push_back(width_of(head));
    for (Cells const& row : rows) {
        for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i)
            widths[i] = std::max(widths[i], width_of(row[i]));
    }
    return widths;
}

std::string line_of(Cells const& cells, std::vector<std::size_t> const& widths, std::size_t columns) {
    std::string line;
    std::size_t used = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        bool last = i + 1 == cells.size();
        bool cut = last && columns > used + 8;
        line += cut ? cut_to(cells[i], columns - used) : cells[i];
        if (last) break;
        line.append(widths[i] - std::min(widths[i], width_of(cells[i])) + 2, ' ');
        used += widths[i] + 2;
    }
    while (line.ends_with(' ')) line.pop_back();
    return line;
}

}  // namespace

std::string Table::text(Style const& style, std::size_t columns) const {
    auto widths = widths_of(heads_, rows_);
    std::string out = style(Ink::dim, line_of(heads_, widths, columns)) + "\n";
    for (Cells const& row : rows_) out += line_of(row, widths, columns) + "\n";
    return out;
}

}  // namespace fleet::cli
