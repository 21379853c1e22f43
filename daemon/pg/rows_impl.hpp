#pragma once
// For the bodies of rows and session alone: the only header of ours that holds a libpqxx value.
#include "pg/compat.hpp"
#include "pg/rows.hpp"

namespace fleet::pg {

struct Rows::Impl {
    pqxx::result result;
};

}  // namespace fleet::pg
