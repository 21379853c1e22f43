#pragma once
// The servers that a DSN names. For the bodies of this room alone.
#include <string>
#include <vector>

namespace fleet::direct {

// One connection string a server, in the order of the DSN. libpq goes on to the next server by itself when
// one refuses; a server that says nothing at all would take all the time there is, since without blocking
// nobody but us limits how long one may take. Of several servers the one that can be written is asked for,
// unless the DSN says otherwise. A DSN with one server, one that prefers standbys (libpq goes round twice for
// that), or one that cannot be read, is answered as it is.
std::vector<std::string> servers_of(std::string const& dsn);

}  // namespace fleet::direct
