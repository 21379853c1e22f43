#pragma once
// The answer of a statement. A value that shares the server's answer: copies are cheap, views live as long as
// any copy of the `Rows` they came from.
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>

namespace fleet::pg {

class Rows;

class Row {
public:
    // By position, or by the column's name (asserted to exist). NULL reads as "" and 0.
    std::string_view text(std::size_t column) const;
    std::string_view text(std::string_view column) const;
    std::int64_t number(std::size_t column) const;
    std::int64_t number(std::string_view column) const;
    bool flag(std::size_t column) const;
    bool flag(std::string_view column) const;
    bool is_null(std::size_t column) const;
    bool is_null(std::string_view column) const;
    std::optional<std::int64_t> optional_number(std::size_t column) const;

private:
    friend class Rows;
    Row(Rows const& rows, std::size_t index) : rows_(&rows), index_(index) {}

    Rows const* rows_;
    std::size_t index_;
};

class Rows {
public:
    struct Impl;
    explicit Rows(std::shared_ptr<Impl const> impl);

    std::size_t size() const;
    bool empty() const { return size() == 0; }
    Row operator[](std::size_t index) const { return Row(*this, index); }
    std::size_t columns() const;
    std::size_t column(std::string_view name) const;  // asserted to exist
    std::string_view column_name(std::size_t column) const;
    std::uint32_t column_type(std::size_t column) const;  // an oid of pg_type
    std::size_t affected() const;                         // rows changed by an INSERT, UPDATE or DELETE

    class Iterator {
    public:
        using difference_type = std::ptrdiff_t;
        using value_type = Row;
        using iterator_category = std::input_iterator_tag;
        Iterator(Rows const& rows, std::size_t index) : rows_(&rows), index_(index) {}
        Row operator*() const { return (*rows_)[index_]; }
        Iterator& operator++() {
            ++index_;
            return *this;
        }
        friend bool operator==(Iterator const& a, Iterator const& b) { return a.index_ == b.index_; }

    private:
        Rows const* rows_;
        std::size_t index_;
    };
    Iterator begin() const { return {*this, 0}; }
    Iterator end() const { return {*this, size()}; }

private:
    friend class Row;
    std::shared_ptr<Impl const> impl_;
};

}  // namespace fleet::pg
