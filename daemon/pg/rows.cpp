#include "pg/rows_impl.hpp"

#include <fleet/assert.hpp>

#include <charconv>
#include <string>

namespace fleet::pg {

namespace {

pqxx::field field_at(pqxx::result const& result, std::size_t row, std::size_t column) {
    auto const r = compat::sized<pqxx::result::size_type>(row);
    auto const c = compat::sized<pqxx::row::size_type>(column);
    FLEET_ASSERT(r < result.size() && c < result.columns(), "the answer has this row and column");
    return result[r][c];
}

}  // namespace

Rows::Rows(std::shared_ptr<Impl const> impl) : impl_(std::move(impl)) {}

std::size_t Rows::size() const {
    return compat::sized<std::size_t>(impl_->result.size());
}
std::size_t Rows::columns() const {
    return compat::sized<std::size_t>(impl_->result.columns());
}
std::size_t Rows::affected() const {
    return compat::sized<std::size_t>(impl_->result.affected_rows());
}

std::size_t Rows::column(std::string_view name) const {
    try {
        return compat::sized<std::size_t>(impl_->result.column_number(std::string(name)));
    } catch (std::exception const&) {
        FLEET_ASSERT(false, "the statement answers with this column");
        return 0;
    }
}

std::string_view Rows::column_name(std::size_t column) const {
    return impl_->result.column_name(compat::sized<pqxx::row::size_type>(column));
}

std::uint32_t Rows::column_type(std::size_t column) const {
    return impl_->result.column_type(compat::sized<pqxx::row::size_type>(column));
}

std::string_view Row::text(std::size_t column) const {
    auto const field = field_at(rows_->impl_->result, index_, column);
    return {field.c_str(), compat::sized<std::size_t>(field.size())};
}

std::string_view Row::text(std::string_view column) const {
    return text(rows_->column(column));
}

std::int64_t Row::number(std::size_t column) const {
    auto const digits = text(column);
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

std::int64_t Row::number(std::string_view column) const {
    return number(rows_->column(column));
}
bool Row::flag(std::size_t column) const {
    return text(column) == "t";
}
bool Row::flag(std::string_view column) const {
    return flag(rows_->column(column));
}
bool Row::is_null(std::size_t column) const {
    return field_at(rows_->impl_->result, index_, column).is_null();
}
bool Row::is_null(std::string_view column) const {
    return is_null(rows_->column(column));
}

std::optional<std::int64_t> Row::optional_number(std::size_t column) const {
    if (is_null(column)) return std::nullopt;
    return number(column);
}

}  // namespace fleet::pg
