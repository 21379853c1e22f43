#pragma once
// The DSN as libpq takes it, with what our sessions add.
#include "pg/session.hpp"

#include <fleet/result.hpp>

#include <map>
#include <string>

namespace fleet::pg {

// `dsn` (URI or keyword=value) with our keep-alive times where it says nothing, and our application name.
// Throws Failed (kind lost, not_configured) when it cannot be read.
std::string conninfo(std::string const& dsn, SessionSettings const& settings);

// The members of a DSN of either form, with what libpq takes from the environment where it says nothing.
// Errors: not_configured (it cannot be read).
Result<std::map<std::string, std::string>> dsn_members(std::string const& dsn);
// The keyword=value form.
std::string dsn_of(std::map<std::string, std::string> const& members);

}  // namespace fleet::pg
