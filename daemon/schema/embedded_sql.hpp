// The migrations and the repeatable SQL that this binary carries.
#pragma once

#include <string_view>
#include <vector>

namespace fleet::schema {

// One file of migrations/ or sql/. `name` is relative to its folder; `sha256` is of `text`, in hex.
struct EmbeddedSql {
    std::string_view name;
    std::string_view sha256;
    std::string_view text;
};

// NNNN_name.up.sql and NNNN_name.down.sql, sorted by name.
const std::vector<EmbeddedSql>& embedded_migrations();

// In the order of sql/order.txt, which is the order of application.
const std::vector<EmbeddedSql>& embedded_repeatable();

}  // namespace fleet::schema
