#pragma once
// The DSN as libpq takes it, with what our sessions add.
#include "pg/session.hpp"

#include <string>

namespace fleet::pg {

// `dsn` (URI or keyword=value) with our keep-alive times where it says nothing, and our application name.
// Throws Failed (kind lost, not_configured) when it cannot be read.
std::string conninfo(std::string const& dsn, SessionSettings const& settings);

}  // namespace fleet::pg
